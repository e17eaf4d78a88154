// The fleet as it is shown: who is worst, who belongs together, who is looked for. Knows no document.
import { age } from "./units.mjs";

/** Conditions, the worst first, with what stands before the word. */
export const CONDITIONS = [
  { key: "failing", mark: "▲" },
  { key: "new", mark: "○" },
  { key: "paused", mark: "‖" },
  { key: "up", mark: "●" },
];

const RANK = new Map(CONDITIONS.map((x, i) => [x.key, i]));

/** One of CONDITIONS. */
export function conditionOf(backend) {
  if (backend.paused) return "paused";
  if (backend.failure || (!backend.up && backend.since !== null)) return "failing";
  return backend.up ? "up" : "new";
}

/** The condition in a word: what fails, where it does. */
export function wordOf(backend) {
  const condition = conditionOf(backend);
  if (condition === "failing") return backend.failure ?? "down";
  const blind = condition === "up" && ["disabled", "failed"].includes(backend.setup);
  return blind ? "up, rights missing" : condition;
}

/** Its role, with what is wrong with its place in its cluster, or how far it is behind; `place` as in a Store. */
export function roleOf(backend, place) {
  const behind = place?.lag >= 1 ? `${age(place.lag)} behind` : null;
  const more = place?.role === backend.role ? [place.wrong, behind].filter(Boolean) : [];
  return [backend.role, ...more].join(", ");
}

/** `15.4` of PostgreSQL is of version `15`, `9.6.24` of `9.6`, a pgbouncer's `1.18.0` of `1.18`. */
export function majorOf(version) {
  const parts = String(version ?? "").split(".");
  return Number(parts[0]) >= 10 ? parts[0] : parts.slice(0, 2).join(".");
}

/**
 * The cluster that a backend is of: the one that the daemon knows, else its label, else its source.
 * @param clusters name of a backend to name of its cluster
 */
export function clusterOf(backend, clusters) {
  return clusters.get(backend.backend) ?? backend.labels?.cluster ?? backend.source ?? "";
}

function textOf(backend) {
  const labels = Object.entries(backend.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return [backend.backend, `${backend.address}:${backend.port}`, backend.database, backend.source,
    backend.role, backend.version, wordOf(backend), ...labels].join("\n").toLowerCase();
}

/** Whether every word of the filter's `q` is somewhere in it, and the rest of the filter fits. */
export function matches(backend, filter) {
  if (filter.state && conditionOf(backend) !== filter.state) return false;
  if (filter.role && backend.role !== filter.role) return false;
  if (filter.version && majorOf(backend.version) !== filter.version) return false;
  const wanted = (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return true;
  const text = textOf(backend);
  return wanted.every((x) => text.includes(x));
}

// Who began to fail last comes first; who does not fail stays where its name is.
function compare(a, b) {
  const [x, y] = [conditionOf(a), conditionOf(b)];
  if (x !== y) return RANK.get(x) - RANK.get(y);
  if (x === "failing" && a.since !== b.since) return (b.since ?? 0) - (a.since ?? 0);
  return a.backend < b.backend ? -1 : a.backend > b.backend ? 1 : 0;
}

/** Groups {cluster, backends}, the one with the worst backend first, and in each the worst first. */
export function grouped(backends, filter, clusters = new Map()) {
  const groups = new Map();
  for (const x of [...backends].filter((y) => matches(y, filter)).sort(compare)) {
    const cluster = clusterOf(x, clusters);
    if (!groups.has(cluster)) groups.set(cluster, { cluster, backends: [] });
    groups.get(cluster).backends.push(x);
  }
  const order = (a, b) => {
    const [x, y] = [a.backends[0], b.backends[0]];
    const [p, q] = [conditionOf(x), conditionOf(y)];
    if (p !== q || p === "failing") return compare(x, y);
    return a.cluster < b.cluster ? -1 : 1;
  };
  return [...groups.values()].sort(order);
}

/** How many are in each condition. */
export function countsOf(backends) {
  const result = Object.fromEntries(CONDITIONS.map((x) => [x.key, 0]));
  for (const x of backends) result[conditionOf(x)] += 1;
  return result;
}

/** What occurs, sorted, as choices of a filter. */
export function choicesOf(backends, pick) {
  const found = new Set([...backends].map(pick).filter(Boolean));
  return [...found].sort((a, b) => String(a).localeCompare(String(b), "en", { numeric: true }));
}
