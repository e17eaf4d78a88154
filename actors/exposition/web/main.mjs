// Joins address, store and views; keeps title, icon and announcements.
import { parse } from "./address.mjs";
import { backendView } from "./backend.mjs";
import { changesView, sentence } from "./changes.mjs";
import { actorsView, schedulerView } from "./daemon_views.mjs";
import { setText } from "./dom.mjs";
import { countsOf } from "./fleet_model.mjs";
import { fleetView } from "./fleet.mjs";
import { Live } from "./live.mjs";
import { Store } from "./store.mjs";
import { duration, moment } from "./units.mjs";

const VIEWS = { fleet: fleetView, backend: backendView, changes: changesView, scheduler: schedulerView, actors: actorsView };
const STALLED = 5; // s

const root = document.getElementById("view");
const link = document.getElementById("link");
const announcer = document.getElementById("announcer");
const icon = document.getElementById("icon");
const store = new Store();
let view = null;
let state = "";
let lostAt = 0;

function showTitle() {
  const { failing } = countsOf(store.backends.values());
  document.title = `${failing ? `(${failing}) ` : ""}${view?.title ?? ""} · pgstatsmon`;
  const wanted = failing ? "web/icon-failing.svg" : "web/icon.svg";
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
}

function showLink() {
  const stalled = state !== "offline" && store.heartbeat > STALLED;
  const texts = {
    live: "● live",
    polling: "● asked every 5 s",
    offline: `▲ no answer since ${moment(lostAt)}: what is shown is old`,
  };
  setText(link, stalled ? `▲ the SCHEDULER is stalled for ${duration(store.heartbeat)}` : texts[state] ?? "…");
  link.className = stalled ? "offline" : state;
}

function show(focus) {
  const where = parse(location.hash);
  view?.leave?.();
  view = (VIEWS[where.view] ?? fleetView)(root, store, where);
  const first = `#/${where.view === "fleet" ? "" : where.view}`;
  for (const x of document.querySelectorAll("nav a"))
    if (x.getAttribute("href") === first) x.setAttribute("aria-current", "page");
    else x.removeAttribute("aria-current");
  showTitle();
  if (focus) root.focus();
}

store.addEventListener("change", (event) => {
  view?.update?.();
  showTitle();
  showLink();
  if (event.detail.length) setText(announcer, event.detail.slice(0, 3).map(sentence).join("; "));
});

globalThis.addEventListener("hashchange", () => {
  if (location.hash === "#view") root.focus();
  else show(true);
});

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  if (!search || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    search.focus();
    event.preventDefault();
  } else if (event.key === "Escape" && event.target === search && search.value) {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    event.preventDefault();
  }
});

show(false);
new Live({
  refresh: () => store.refresh(),
  news: (x) => store.apply(x),
  state: (x) => {
    if (x === "offline") lostAt = Date.now() / 1000;
    state = x;
    showLink();
  },
});
