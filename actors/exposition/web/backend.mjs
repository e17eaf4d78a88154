// The view of one backend: how it is, its last poll, what went wrong, its plan and its statements.
import { get, getQuery, pathOf } from "./api.mjs";
import { charts } from "./chart.mjs";
import { element, facts, setText, table } from "./dom.mjs";
import { samplesOf } from "./exposition.mjs";
import { conditionOf, wordOf } from "./fleet_model.mjs";
import { locksView } from "./locks.mjs";
import { give, mayOrder, orderBar } from "./orders.mjs";
import { Section } from "./section.mjs";
import { SLOTS, slotsOf, slotsTable } from "./slots.mjs";
import { timeline } from "./timeline.mjs";
import { age, count, duration, moment, percent, plain, words } from "./units.mjs";
import { WAITS, Waits, waitsTable } from "./waits.mjs";

const REFRESH = 5000; // ms

function identity(x) {
  const labels = Object.entries(x.labels).map(([name, value]) => `${name}=${value}`).join(", ");
  return facts([["Address", `${x.address}:${x.port}`], ["Database", words(x.database)], ["User", words(x.user)],
    ["Kind", words(x.kind)], ["Source", words(x.source)], ["Labels", words(labels)]]);
}

// In its cluster, as the daemon joins it.
function placeOf(x) {
  const from = x.upstream && (x.attached ? `to ${x.upstream}` : `from ${x.upstream}`);
  const behind = x.lag_seconds >= 1 && `${age(x.lag_seconds)} behind`;
  return [[x.cluster_state, from].filter(Boolean).join(" "), behind].filter(Boolean).join(", ");
}

function condition(x) {
  return facts([["State", x.state], ["Since", moment(x.since)], ["Failure", words(x.failure)],
    ["Role", words(x.role)], ["Place", words(placeOf(x))], ["Version", words(x.version)], ["Setup", words(x.setup)],
    ["Age of data", age(x.age_seconds)], ["Round trip", duration(x.round_trip_seconds)],
    ["Last poll", duration(x.poll_seconds)], ["Series", count(x.series)], ["Connects", count(x.connects)],
    ["Polls skipped", count(x.polls_skipped)], ["Restarts", count(x.restarts)],
    ["Budget used", percent(x.budget_used)], ["Log level", words(x.log_level ?? "as all")]]);
}

function errors(rows) {
  const columns = [{ title: "Ago", number: true }, { title: "Reason" }, { title: "SQLSTATE" }, { title: "Of" },
    { title: "Message" }];
  return table("Newest first", columns, rows.map((x) =>
    [age(x.ago_seconds), words(x.reason), words(x.sqlstate), words(x.of), words(x.message)]));
}

function plan(rows) {
  const columns = [{ title: "Query" }, { title: "Set" }, { title: "Asked" }, { title: "SQL for" }, { title: "Left out" }];
  const asked = (x) => (x.left_out && x.every_seconds === null ? words(null)
    : x.every_seconds ? `every ${duration(x.every_seconds)}` : "each poll");
  return table("Every query: asked how often, or why not", columns, rows.map((x) =>
    [x.query, words(x.set), asked(x) + (x.stretch ? `, ${x.stretch} times less` : ""), words(x.sql_for), words(x.left_out)]));
}

function databases(rows) {
  const columns = [{ title: "Database" }, { title: "Up" }, { title: "Age of data", number: true },
    { title: "Series", number: true }, { title: "Failure" }];
  return table("Other databases of this server", columns, rows.map((x) =>
    [words(x.database), x.up === null ? words(null) : x.up ? "yes" : "no", age(x.age_seconds), count(x.series),
      words(x.error ?? x.reason)]));
}

// Whatever columns each has: rows of one query are alike.
function statements(lists) {
  const parts = Object.entries(lists).filter(([, rows]) => Array.isArray(rows) && rows.length);
  if (!parts.length) return element("p", {}, "Nothing yet: texts are asked for with the next poll, once a minute at most.");
  return parts.map(([name, rows]) => {
    const keys = Object.keys(rows[0]);
    const isNumber = (key) => rows.some((row) => typeof row[key] === "number");
    return table(name.replaceAll("_", " "), keys.map((key) => ({ title: key.replaceAll("_", " "), number: isNumber(key) })),
      rows.map((row) => keys.map((key) => (typeof row[key] === "number"
        ? /_seconds$/.test(key) ? duration(row[key]) : /_share$|^share$/.test(key) ? percent(row[key]) : plain(row[key])
        : words(row[key])))));
  });
}

class BackendView {
  #root;
  #store;
  #name;
  #heading = element("h2", {});
  #state = element("span", { class: "state" });
  #problem = element("p", { class: "bad", role: "status", hidden: true });
  #orders = element("div");
  #sections = {
    condition: new Section("Now"),
    history: new Section("Last hour"),
    waits: new Section("Waits"),
    locks: new Section("Locks", { folded: true, onopen: () => this.#showLocks() }),
    slots: new Section("Replication slots"),
    errors: new Section("Last errors"),
    last_poll: new Section("Last poll"),
    identity: new Section("What it is"),
    databases: new Section("Databases"),
    statements: new Section("Statements", { folded: true, onopen: () => this.#showStatements() }),
    plan: new Section("Plan", { folded: true }),
  };
  #timer = 0;
  #left = false;
  #hasHistory = true;
  #waits = new Waits();
  #unknown = new Set(); // queries that this daemon has not

  constructor(root, store, name) {
    this.title = name;
    this.#root = root;
    this.#store = store;
    this.#name = name;
    this.#heading.append(name, " ", this.#state);
    for (const x of Object.values(this.#sections)) x.node.hidden = true;
    root.replaceChildren(element("p", {}, element("a", { href: "#/" }, "← Fleet")), this.#heading, this.#orders,
      this.#problem, ...Object.values(this.#sections).map((x) => x.node));
    this.#refresh();
    this.#showOrders();
  }

  async #showOrders() {
    if (!this.#store.orders || this.#orders.firstChild || !(await mayOrder()) || this.#left) return;
    if (!this.#orders.firstChild) this.#orders.append(orderBar(this.#name, () => this.#refresh()));
  }

  // News of it come before the next refresh.
  update() {
    this.#showOrders();
    const known = this.#store.backends.get(this.#name);
    const told = known && `${known.since} ${wordOf(known)}`;
    if (!told || told === this.#told) return;
    this.#told = told;
    this.#refresh();
  }

  leave() {
    this.#left = true;
    clearTimeout(this.#timer);
  }

  #told = "";

  async #refresh() {
    clearTimeout(this.#timer);
    try {
      const [x, history] = await Promise.all([get(pathOf(this.#name)), this.#askHistory()]);
      if (this.#left) return;
      this.#problem.hidden = true;
      this.#show(x, history);
    } catch (error) {
      this.#problem.hidden = false;
      setText(this.#problem, error.status === 404 ? "No backend has this name." : error.message);
    }
    clearTimeout(this.#timer);
    if (!this.#left) this.#timer = setTimeout(() => this.#refresh(), document.hidden ? 12 * REFRESH : REFRESH);
  }

  // A daemon that keeps no history is not asked again.
  async #askHistory() {
    if (!this.#hasHistory) return null;
    try {
      return await get(`${pathOf(this.#name)}/history`);
    } catch (error) {
      if (error.status === 404) this.#hasHistory = false;
      return null;
    }
  }

  #show(x, history) {
    this.#state.className = `state ${conditionOf(x)}`;
    setText(this.#state, wordOf(x));
    const s = this.#sections;
    s.condition.show(x, condition);
    s.identity.show(x, identity);
    s.errors.show(x.errors.length ? x.errors : null, errors);
    s.last_poll.show(x.last_poll?.length ? x.last_poll : null, timeline);
    s.databases.show(x.databases?.length ? x.databases : null, databases);
    s.plan.show(x.plan.length ? x.plan : null, plan);
    s.history.show(history, (y) => {
      const made = charts(y);
      return made.length ? element("div", { class: "charts" }, made) : null;
    });
    s.statements.node.hidden = s.locks.node.hidden = x.kind === "pgbouncer";
    if (s.statements.open) this.#showStatements();
    if (s.locks.open) this.#showLocks();
    if (x.kind !== "pgbouncer") this.#showQueries();
  }

  // What queries have on the page.
  async #showQueries() {
    const waits = await this.#samples(WAITS);
    const slots = await this.#samples(SLOTS);
    if (this.#left) return;
    const events = waits && this.#waits.add(Date.now() / 1000, waits);
    this.#sections.waits.show(events?.length ? events : null, waitsTable);
    const kept = slots && slotsOf(slots);
    this.#sections.slots.show(kept?.length ? kept : null, slotsTable);
  }

  async #samples(query) {
    if (this.#unknown.has(query)) return null;
    try {
      return samplesOf(await getQuery(this.#name, query)).filter((x) => x.labels.backend === this.#name);
    } catch (error) {
      if (error.status === 400) this.#unknown.add(query);
      return null;
    }
  }

  // Asking makes the daemon ask the server with its next poll, or at once for who says so and may.
  async #showLocks() {
    try {
      const may = this.#store.orders && (await mayOrder());
      const x = await get(`${pathOf(this.#name)}/locks`);
      if (!this.#left) this.#sections.locks.show(x, (y) => locksView(y, may ? () => this.#askLocks() : null));
    } catch {
      // The next refresh tells why.
    }
  }

  async #askLocks() {
    try {
      await give("poll", { backend: this.#name });
    } catch {
      // The next refresh tells why.
    }
    this.#showLocks();
  }

  // Asking for them makes the daemon ask the server.
  async #showStatements() {
    try {
      this.#sections.statements.show(await get(`${pathOf(this.#name)}/statements`), statements);
    } catch {
      // The next refresh tells why.
    }
  }
}

/** The view of the backend that the address names. */
export function backendView(root, store, { name }) {
  return new BackendView(root, store, name);
}
