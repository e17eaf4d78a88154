// The views of the daemon itself: its SCHEDULER and its actors.
import { ofBackend } from "./address.mjs";
import { get } from "./api.mjs";
import { element, facts, setText, table } from "./dom.mjs";
import { Section } from "./section.mjs";
import { age, count, duration, words } from "./units.mjs";

const REFRESH = 2000; // ms
const SHOWN_ACTORS = 200;

function link(name) {
  return element("a", { href: ofBackend(name) }, name);
}

/** Asks for `path` again and again while the view is there. */
class Refreshed {
  #problem = element("p", { class: "bad", role: "status", hidden: true });
  #timer = 0;
  #left = false;

  constructor(root, title, path, sections, show) {
    this.title = title;
    root.replaceChildren(element("h2", {}, title), this.#problem, ...sections.map((x) => x.node));
    this.#run(path, show);
  }

  update() {
    // What these views show comes by asking alone.
  }

  leave() {
    this.#left = true;
    clearTimeout(this.#timer);
  }

  async #run(path, show) {
    try {
      if (!document.hidden) show(await get(path));
      this.#problem.hidden = true;
    } catch (error) {
      this.#problem.hidden = false;
      setText(this.#problem, error.message);
    }
    if (!this.#left) this.#timer = setTimeout(() => this.#run(path, show), REFRESH);
  }
}

function schedule(x) {
  return facts([["Backends", count(x.backends)], ["Interval", duration(x.interval_seconds)],
    ["Next tick in", age(x.next_tick_seconds)], ["Slots", `${count(x.in_flight_count)} of ${count(x.slots)} taken`],
    ["Waiting", `${count(x.waiting)}, of these suspects ${count(x.waiting_suspects)}`],
    ["Paused", x.all_paused ? "all" : count(x.paused_count)]]);
}

function slots(rows) {
  return table("In flight, the oldest first", [{ title: "Backend" }, { title: "Age", number: true }],
    rows.map((x) => [link(x.backend), duration(x.age_seconds)]));
}

function paused(rows) {
  return table("Paused", [{ title: "Backend" }, { title: "Left", number: true }, { title: "Connection" }],
    rows.map((x) => [link(x.backend), x.left_seconds === null ? "until resumed" : duration(x.left_seconds),
      x.disconnected ? "closed" : "kept"]));
}

function ticks(rows) {
  const columns = ["Tick", "Ago", "Took", "Due", "Skipped", "Paused"].map((title) => ({ title, number: true }));
  return table("Newest first", columns, rows.map((x) => [count(x.tick), age(x.ago_seconds),
    duration(x.took_seconds) + (x.over ? "" : ", not over"), count(x.due), count(x.skipped), count(x.paused)]));
}

/** Slots, what waits, the last ticks. */
export function schedulerView(root) {
  const [now, busy, idle, last] = [new Section("Now"), new Section("Slots"), new Section("Pauses"), new Section("Last ticks")];
  return new Refreshed(root, "Scheduler", "scheduler", [now, busy, idle, last], (x) => {
    now.show(x, schedule);
    busy.show(x.in_flight.length ? x.in_flight : null, slots);
    idle.show(x.paused?.length ? x.paused : null, paused);
    last.show(x.ticks, ticks);
  });
}

function actors(rows) {
  const columns = [{ title: "Kind" }, { title: "Of" }, { title: "State" }, { title: "Mailbox", number: true },
    { title: "Longest mailbox", number: true }, { title: "Messages", number: true }, { title: "Busy", number: true },
    { title: "Slowest handler", number: true }, { title: "Restarts", number: true }];
  return table(`The slowest handlers first, ${count(rows.length)} of the actors`, columns, rows.map((x) =>
    [x.kind, words(x.of), x.state, count(x.mailbox), count(x.mailbox_max), count(x.messages), duration(x.busy_seconds),
      duration(x.longest_seconds), count(x.restarts)]));
}

/** Mailboxes and slow handlers, the worst first. */
export function actorsView(root) {
  const [sums, list] = [new Section("Now"), new Section("Actors")];
  return new Refreshed(root, "Actors", "actors", [sums, list], (all) => {
    sums.show(all, (xs) => facts([["Actors", count(xs.length)],
      ["Messages waiting", count(xs.reduce((sum, x) => sum + x.mailbox, 0))],
      ["Restarts", count(xs.reduce((sum, x) => sum + x.restarts, 0))]]));
    const worst = [...all].sort((a, b) => b.mailbox - a.mailbox || b.longest_seconds - a.longest_seconds);
    list.show(worst.slice(0, SHOWN_ACTORS), actors);
  });
}
