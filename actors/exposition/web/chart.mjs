// Small charts of a backend's last hour.
import { element, svg } from "./dom.mjs";
import { measured, moment } from "./units.mjs";

// What units of the API end a name with.
const ENDINGS = { s: "_seconds", bytes: "_bytes", "bytes/s": "_bytes_per_second", "1/s": "_per_second" };

const WIDTH = 240;
const HEIGHT = 48;

/** Points of one series as lines; a value that is missing makes a gap. */
export function linesOf(values, width = WIDTH, height = HEIGHT) {
  const known = values.filter((x) => typeof x === "number");
  const top = Math.max(...known, 0);
  const bottom = Math.min(...known, 0);
  const x = (i) => (values.length > 1 ? (i * width) / (values.length - 1) : 0);
  const y = (value) => height - ((value - bottom) * height) / (top - bottom || 1);
  const lines = [];
  let line = [];
  values.forEach((value, i) => {
    if (typeof value === "number") line.push(`${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    if ((typeof value !== "number" || i + 1 === values.length) && line.length) {
      lines.push(line.join(" "));
      line = [];
    }
  });
  return lines;
}

/** {times, series: [[name, values]]} of points, or of an object of arrays; names end with their unit. */
export function seriesOf(history) {
  if (!Array.isArray(history.points)) {
    const { time = [], ...others } = history;
    return { times: time, series: Object.entries(others).filter(([, values]) => Array.isArray(values)) };
  }
  const units = new Map((history.signs ?? []).map((x) => [x.sign, ENDINGS[x.unit] ?? ""]));
  const names = Object.keys(history.points[0] ?? {}).filter((x) => x !== "time");
  const full = (name) => (name.endsWith(units.get(name) ?? "") ? name : name + units.get(name));
  return {
    times: history.points.map((x) => x.time),
    series: names.map((name) => [full(name), history.points.map((x) => x[name])]),
  };
}

function chart(name, values, from, to) {
  const known = values.filter((x) => typeof x === "number");
  const title = name.replace(/(_bytes)?_per_second$|_(seconds|bytes|share|ratio)$/, "").replaceAll("_", " ");
  const last = measured(name, known.at(-1));
  const most = measured(name, Math.max(...known));
  const label = `${title}: ${last} now, at most ${most}, from ${from} to ${to}`;
  return element("figure", { class: "chart" },
    element("figcaption", {}, `${title} `, element("b", {}, last), element("small", {}, ` max ${most}`)),
    svg("svg", { viewBox: `0 -1 ${WIDTH} ${HEIGHT + 2}`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
      linesOf(values).map((points) => svg("polyline", { points }))));
}

/** A chart for each series that has a number. */
export function charts(history) {
  const { times, series } = seriesOf(history);
  const [from, to] = [moment(times[0]), moment(times.at(-1))];
  return series
    .filter(([, values]) => values.some((x) => typeof x === "number"))
    .map(([name, values]) => chart(name, values, from, to));
}
