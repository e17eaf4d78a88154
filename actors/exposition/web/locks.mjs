// Who waits for whom, and who holds back what.
import { element, table } from "./dom.mjs";
import { age, bytes, count, words } from "./units.mjs";

/** How deep each row of the tree stands, which come in its order. */
export function depthsOf(rows) {
  const depths = new Map();
  return rows.map((x) => {
    const above = x.blockers.find((pid) => depths.has(pid));
    const depth = above === undefined ? 0 : depths.get(above) + 1;
    if (!depths.has(x.pid)) depths.set(x.pid, depth);
    return depth;
  });
}

const name = (pid) => (pid === 0 ? "prepared" : String(pid));

function tree(rows) {
  if (!rows.length) return element("p", {}, "Nobody waits for a lock.");
  const texts = rows.some((x) => x.statement);
  const columns = [{ title: "Session" }, { title: "Behind it", number: true }, { title: "Waits", number: true },
    { title: "Open for", number: true }, { title: "State" }, { title: "Waits for" }, { title: "Of" }, { title: "Role" },
    { title: "Database" }, { title: "Application" }, { title: "Client" }, ...(texts ? [{ title: "Statement" }] : [])];
  const depths = depthsOf(rows);
  return table("Each below the one that it waits for", columns, rows.map((x, i) =>
    ["\u2003".repeat(depths[i]) + (depths[i] ? "└ " : "") + name(x.pid), count(x.behind), age(x.waits_seconds),
      age(x.transaction_seconds), words(x.state), words(x.lock), words(x.blockers.map(name).join(" ")), words(x.role),
      words(x.database), words(x.application), words(x.client), ...(texts ? [words(x.statement)] : [])]));
}

function holders(rows) {
  const columns = [{ title: "What" }, { title: "Who" }, { title: "Since", number: true },
    { title: "Transactions", number: true }, { title: "WAL", number: true }, { title: "State" }, { title: "Role" },
    { title: "Database" }, { title: "Application" }];
  return table("Who holds back what", columns, rows.map((x) =>
    [x.what, words(x.who), age(x.since_seconds), count(x.transactions), bytes(x.wal_bytes), words(x.state), words(x.role),
      words(x.database), words(x.application)]));
}

/** @param x the answer. @param askNow makes the daemon ask at once; null: this user may not. */
export function locksView(x, askNow) {
  const known = Array.isArray(x.locks);
  const when = element("p", {}, known ? `Seen ${age(x.age_seconds)} ago. ` : "Asked for with the next poll. ",
    askNow && element("button", { type: "button", "data-order": "look", onclick: askNow }, "Ask now"));
  return [when, known && tree(x.locks), known && x.holders?.length ? holders(x.holders) : null].filter(Boolean);
}
