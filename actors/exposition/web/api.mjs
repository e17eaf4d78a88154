// Asks the daemon. Paths are relative, so that the page works below any prefix.

// A password in the page's own address would forbid to ask.
const BASE = new URL(location.href);
BASE.username = BASE.password = BASE.hash = "";

const PATIENCE = 10000; // ms

/** The daemon said no, or nothing. */
export class ApiError extends Error {
  /** @param status of HTTP; 0: there was no answer. */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Where a path of the API is. */
export function addressOf(path) {
  return new URL(`api/v1/${path}`, BASE).href;
}

async function ask(address, options, patience) {
  const patient = new AbortController();
  const timer = setTimeout(() => patient.abort(), patience);
  try {
    const answer = await fetch(address, { cache: "no-store", signal: patient.signal, ...options });
    const text = await answer.text();
    let value = text;
    try {
      value = JSON.parse(text);
    } catch {
      // What is no JSON is a sentence, or the page's text.
    }
    if (!answer.ok) throw new ApiError(answer.status, value?.error ?? text.trim());
    return value;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(0, "pgstatsmon does not answer");
  } finally {
    clearTimeout(timer);
  }
}

/** The answer's JSON. @throws ApiError */
export function get(path) {
  return ask(addressOf(path), {}, PATIENCE);
}

/** What the page says of one query of a backend, in Prometheus' text format. @throws ApiError */
export function getQuery(backend, query) {
  const parameters = new URLSearchParams({ target: backend, "collect[]": query });
  return ask(new URL(`probe?${parameters}`, BASE).href, {}, PATIENCE);
}

/** Gives an order. @throws ApiError */
export function post(path, parameters, token) {
  const query = new URLSearchParams(parameters);
  const options = { method: "POST", headers: { "X-Pgstatsmon-Token": token } };
  return ask(addressOf(`${path}?${query}`), options, 4 * PATIENCE);
}

/** Where a backend is in the API. */
export function pathOf(name) {
  return `backends/${encodeURIComponent(name)}`;
}
