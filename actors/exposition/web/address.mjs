// A view and what it shows, as the part of the address behind #: what is sent to a colleague.

/** {view, name, parameters} of `#/backend/NAME?x=1`. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, name = ""] = path.split(/\/(.*)/s);
  return { view: view || "fleet", name: decode(name), parameters: new URLSearchParams(query) };
}

// Typed by people, too.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a backend. */
export function ofBackend(name) {
  return `#/backend/${encodeURIComponent(name)}`;
}

/** The address of the fleet with a filter: its parameters that are not empty. */
export function ofFleet(filter) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  return query ? `#/?${query}` : "#/";
}
