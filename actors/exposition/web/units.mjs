// Numbers as people read them, each with its unit.

const NOTHING = "–";

function isNumber(x) {
  return typeof x === "number" && Number.isFinite(x);
}

/** 950 µs, 6.8 ms, 12.3 s, 4 min, 2 h, 3 d. */
export function duration(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(1)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** An age in whole seconds, so that it does not flicker. */
export function age(seconds) {
  return isNumber(seconds) && seconds < 10 ? `${Math.max(0, Math.floor(seconds))} s` : duration(seconds);
}

/** 1,234,567. */
export function count(x) {
  return isNumber(x) ? x.toLocaleString("en-US") : NOTHING;
}

/** 812 B, 3.4 KiB, … */
export function bytes(x) {
  if (!isNumber(x)) return NOTHING;
  if (Math.abs(x) < 1024) return `${Math.round(x)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let value = x / 1024;
  for (; Math.abs(value) >= 1023.95 && unit + 1 < units.length; unit += 1) value /= 1024;
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** 12.5 % of a share between 0 and 1. */
export function percent(x) {
  return isNumber(x) ? `${(x * 100).toFixed(1)} %` : NOTHING;
}

/** A number of any size with three digits that count: 0.0123, 4.56, 1.2 k, 3.4 M. */
export function plain(x) {
  if (!isNumber(x)) return NOTHING;
  for (const [factor, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(x) >= factor * 10) return `${(x / factor).toPrecision(3)} ${name}`;
  return Number.isInteger(x) ? count(x) : Number(x.toPrecision(3)).toString();
}

/** The local time of day of a Unix time, with the date when it is not today's. */
export function moment(unix, now = Date.now() / 1000) {
  if (!isNumber(unix) || unix <= 0) return NOTHING;
  const when = new Date(unix * 1000);
  const two = (x) => String(x).padStart(2, "0");
  const time = `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
  if (when.toDateString() === new Date(now * 1000).toDateString()) return time;
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${time}`;
}

/** Text, or a dash where there is none. */
export function words(x) {
  return x === null || x === undefined || x === "" ? NOTHING : String(x);
}

/** By what a name of a metric ends with. */
export function measured(name, value) {
  if (/_seconds$/.test(name)) return duration(value);
  if (/_bytes_per_second$/.test(name)) return `${bytes(value)}/s`;
  if (/_bytes$/.test(name)) return bytes(value);
  if (/_(share|ratio)$/.test(name)) return percent(value);
  if (/_per_second$/.test(name)) return `${plain(value)}/s`;
  return plain(value);
}
