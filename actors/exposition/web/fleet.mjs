// The view of the fleet: filters, counts, and the backends by cluster, the worst first.
import { ofFleet } from "./address.mjs";
import { sentence } from "./changes.mjs";
import { element, setChildren, setText } from "./dom.mjs";
import { choicesOf, CONDITIONS, countsOf, grouped, majorOf } from "./fleet_model.mjs";
import { classOf, COLUMNS, FleetRow } from "./fleet_row.mjs";
import { count, moment } from "./units.mjs";

const SHOWN_CHANGES = 5;

class FleetView {
  title = "Fleet";
  #store;
  #filter;
  #rows = new Map(); // by name
  #groups = new Map(); // by cluster: {body, head}
  #search = element("input", { type: "search", id: "search", placeholder: "name, address, label=value",
    autocomplete: "off", spellcheck: "false", "aria-label": "Search backends", "aria-keyshortcuts": "/" });
  #role = this.#select("Role", "role");
  #version = this.#select("Version", "version");
  #counts = new Map();
  #table = element("table", { class: "fleet" });
  #summary = element("p", { role: "status" });
  #changes = element("ol", { class: "changes" });
  #recent = element("section", { class: "recent", "aria-label": "Changes of the last hour" });

  constructor(root, store, parameters) {
    this.#store = store;
    this.#filter = Object.fromEntries(["q", "state", "role", "version"].map((x) => [x, parameters.get(x) ?? ""]));
    this.#search.value = this.#filter.q;
    this.#search.addEventListener("input", () => this.#set("q", this.#search.value));
    this.#recent.append(element("h3", {}, "Last changes"), this.#changes,
      element("a", { href: "#/changes" }, "all of the last hour"));
    root.replaceChildren(element("h2", { class: "unseen" }, "Fleet"), this.#bar(), this.#recent,
      this.#summary, element("div", { class: "scroll" }, this.#table));
    const heads = COLUMNS.map((x) => element("th", { scope: "col", class: classOf(x) }, x.title));
    this.#table.append(element("caption", { class: "unseen" }, "Backends by cluster, the worst first"),
      element("thead", {}, element("tr", {}, heads)));
    this.#table.addEventListener("keydown", (event) => this.#step(event));
    this.update();
  }

  #select(title, key) {
    const select = element("select", { "aria-label": title });
    select.addEventListener("change", () => this.#set(key, select.value));
    return select;
  }

  #bar() {
    for (const { key, mark } of CONDITIONS) {
      const number = element("b", {}, "0");
      const button = element("button", { type: "button", class: `count ${key}`, "aria-pressed": "false",
        onclick: () => this.#set("state", this.#filter.state === key ? "" : key) }, `${mark} `, number, ` ${key}`);
      this.#counts.set(key, { button, number });
    }
    return element("form", { class: "bar", role: "search", onsubmit: (event) => event.preventDefault() },
      this.#search,
      element("div", { role: "group", "aria-label": "States" }, [...this.#counts.values()].map((x) => x.button)),
      this.#role, this.#version);
  }

  // The address follows, without a step in the browser's history for each letter.
  #set(key, value) {
    this.#filter[key] = value;
    history.replaceState(null, "", ofFleet(this.#filter));
    this.update();
  }

  update() {
    const backends = [...this.#store.backends.values()];
    this.#showCounts(backends);
    this.#showChoices(this.#role, "any role", choicesOf(backends, (x) => x.role), this.#filter.role);
    this.#showChoices(this.#version, "any version", choicesOf(backends, (x) => majorOf(x.version)), this.#filter.version);
    this.#showChanges();
    const groups = grouped(backends, this.#filter, this.#store.clusters);
    setChildren(this.#table, [this.#table.caption, this.#table.tHead, ...groups.map((x) => this.#body(x))]);
    const shown = groups.reduce((sum, x) => sum + x.backends.length, 0);
    setText(this.#summary, this.#store.ready
      ? shown === backends.length ? `${count(shown)} backends` : `${count(shown)} of ${count(backends.length)} backends`
      : "…");
    for (const name of this.#rows.keys())
      if (!this.#store.backends.has(name)) this.#rows.delete(name);
  }

  #body({ cluster, backends }) {
    if (!this.#groups.has(cluster)) {
      const head = element("th", { colspan: COLUMNS.length, scope: "rowgroup" });
      this.#groups.set(cluster, { head, top: element("tr", { class: "cluster" }, head), body: element("tbody") });
    }
    const { head, top, body } = this.#groups.get(cluster);
    const failing = countsOf(backends).failing;
    setText(head, `${cluster || "no cluster"} · ${count(backends.length)}${failing ? ` · ${count(failing)} failing` : ""}`);
    setChildren(body, [top, ...backends.map((x) => this.#row(x))]);
    return body;
  }

  #row(backend) {
    const known = this.#rows.get(backend.backend);
    if (known) {
      known.update(backend, this.#store.places.get(backend.backend));
      return known.node;
    }
    const row = new FleetRow(backend, this.#store.places.get(backend.backend));
    this.#rows.set(backend.backend, row);
    return row.node;
  }

  #showCounts(backends) {
    for (const [key, n] of Object.entries(countsOf(backends))) {
      const { button, number } = this.#counts.get(key);
      setText(number, count(n));
      button.setAttribute("aria-pressed", String(this.#filter.state === key));
    }
  }

  #showChoices(select, any, choices, chosen) {
    const all = chosen && !choices.includes(chosen) ? [...choices, chosen] : choices;
    const key = JSON.stringify(all);
    if (select.dataset.choices !== key) {
      select.dataset.choices = key;
      select.replaceChildren(element("option", { value: "" }, any),
        ...all.map((x) => element("option", { value: x }, x)));
    }
    select.value = chosen;
  }

  #showChanges() {
    const newest = this.#store.changes.slice(0, SHOWN_CHANGES);
    this.#recent.hidden = newest.length === 0;
    const texts = newest.map((x) => `${moment(x.when)} ${sentence(x)}`);
    if (JSON.stringify(texts) === this.#changes.dataset.shown) return;
    this.#changes.dataset.shown = JSON.stringify(texts);
    this.#changes.replaceChildren(...texts.map((x) => element("li", {}, x)));
  }

  // From one backend to the next.
  #step(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...this.#table.querySelectorAll("tbody a")];
    const at = links.indexOf(event.target);
    if (!step || at < 0) return;
    links[Math.min(Math.max(at + step, 0), links.length - 1)].focus();
    event.preventDefault();
  }
}

/** The view, with what is in the address as its filter. */
export function fleetView(root, store, { parameters }) {
  return new FleetView(root, store, parameters);
}
