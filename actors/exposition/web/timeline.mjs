// A poll as a timeline: when each query's result came.
import { element, svg, table } from "./dom.mjs";
import { bytes, count, duration, words } from "./units.mjs";

const WIDTH = 200;
const HEIGHT = 10;

function bar(x, whole) {
  const at = (seconds) => Math.min(WIDTH, (WIDTH * (seconds ?? whole)) / (whole || 1));
  const part = (name, from, to) =>
    svg("rect", { class: name, x: at(from), y: 0, height: HEIGHT, width: Math.max(at(to) - at(from), 1) });
  return svg("svg", { class: "timeline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    part("waiting", x.start_seconds, x.first_seconds),
    x.done_seconds === null ? null : part("arriving", x.first_seconds, x.done_seconds));
}

/** A table of the last poll's queries with their bars. */
export function timeline(queries) {
  const whole = Math.max(...queries.map((x) => x.done_seconds ?? 0), 0);
  const columns = [{ title: "Query" }, { title: "Arrival" }, { title: "Server", number: true },
    { title: "Done", number: true }, { title: "Rows", number: true }, { title: "Bytes", number: true },
    { title: "Result" }];
  const rows = queries.map((x) => [x.query, bar(x, whole), duration(x.server_seconds),
    duration(x.done_seconds), count(x.rows), bytes(x.bytes),
    element("span", { class: x.result === "ok" ? null : "bad" }, words(x.result))]);
  return table("Last poll: light while the server works, dark while rows arrive", columns, rows);
}
