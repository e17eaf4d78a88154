// What sessions wait for: at the last poll, and on average while somebody looks.
import { table } from "./dom.mjs";
import { rowsOf } from "./exposition.mjs";
import { plain, words } from "./units.mjs";

const LABELS = ["wait_event_type", "wait_event"];
const SESSIONS = "pg_stat_activity_wait_events_sessions";
const SECONDS = "pg_wait_seconds_total";

/** The query that counts them. */
export const WAITS = "pg_stat_activity_wait_events";

/** Follows readings of the page. Sums grow with each poll, so an average is from one poll to another. */
export class Waits {
  #first = null;
  #last = null;

  /** @param time of the reading, s. @param samples of the query. @returns a row for each event, most sessions first. */
  add(time, samples) {
    const rows = rowsOf(samples.filter((x) => LABELS.every((y) => y in x.labels)), LABELS);
    const sums = new Map(rows.map((x) => [JSON.stringify(LABELS.map((y) => x[y])), x[SECONDS] ?? 0]));
    const total = [...sums.values()].reduce((sum, x) => sum + x, 0);
    if (!this.#last || total < this.#last.total) {
      this.#first = null;
      this.#last = { time, sums, total };
    } else if (total > this.#last.total) {
      this.#last = { time, sums, total };
      this.#first ??= this.#last;
    }
    return rows.map((x) => ({ type: x.wait_event_type, event: x.wait_event, sessions: x[SESSIONS] ?? 0, average: this.#average(x) }))
      .filter((x) => x.sessions > 0 || x.average > 0)
      .sort((a, b) => b.sessions - a.sessions || (b.average ?? 0) - (a.average ?? 0) || (a.event < b.event ? -1 : 1));
  }

  // Null before two polls were seen.
  #average(row) {
    const [first, last] = [this.#first, this.#last];
    if (!first || last.time <= first.time) return null;
    const key = JSON.stringify(LABELS.map((y) => row[y]));
    return ((last.sums.get(key) ?? 0) - (first.sums.get(key) ?? 0)) / (last.time - first.time);
  }
}

/** Sums of rows by type, in the order in which types come first. */
export function byType(rows) {
  const types = new Map();
  for (const x of rows) {
    const sum = types.get(x.type) ?? { type: x.type, event: null, sessions: 0, average: null };
    sum.sessions += x.sessions;
    if (x.average !== null) sum.average = (sum.average ?? 0) + x.average;
    types.set(x.type, sum);
  }
  return [...types.values()];
}

/** Types, each with its events below. */
export function waitsTable(rows) {
  const columns = [{ title: "Type" }, { title: "Event" }, { title: "Sessions", number: true },
    { title: "On average", number: true }];
  const line = (x) => [x.event === null ? words(x.type) : "", x.event === null ? "all" : words(x.event), plain(x.sessions),
    plain(x.average)];
  return table("Sessions at work, by what they wait for", columns,
    byType(rows).flatMap((type) => [type, ...rows.filter((x) => x.type === type.type)].map(line)));
}
