// Prometheus' text format, as far as the daemon writes it.

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;
const ESCAPES = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };

function labelsOf(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) labels[name] = value.replace(/\\[\\"n]/g, (x) => ESCAPES[x]);
  return labels;
}

/** Every sample of a page: [{name, labels, value}]. Lines that are none are left out. */
export function samplesOf(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    if (!line || line.startsWith("#")) continue;
    const open = line.indexOf("{");
    const close = line.lastIndexOf("}");
    if (open < 0 || close < open) continue;
    const value = Number(line.slice(close + 1));
    if (!Number.isNaN(value)) samples.push({ name: line.slice(0, open), labels: labelsOf(line.slice(open + 1, close)), value });
  }
  return samples;
}

/** Samples that share these labels are a row: [{label: text…, metric: number…}]. */
export function rowsOf(samples, labels) {
  const rows = new Map();
  for (const x of samples) {
    const key = JSON.stringify(labels.map((y) => x.labels[y]));
    if (!rows.has(key)) rows.set(key, Object.fromEntries(labels.map((y) => [y, x.labels[y]])));
    rows.get(key)[x.name] = x.value;
  }
  return [...rows.values()];
}
