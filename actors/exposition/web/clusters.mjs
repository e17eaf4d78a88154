// Names of clusters, and places in them, for people. Knows no document.

/**
 * Name of a backend to the name of its cluster.
 * @param servers rows with `cluster`, a system identifier, `cluster_name` and `backends`
 * @param backends by name: their label `cluster` names a cluster that has no name
 */
export function namesOf(servers, backends) {
  const clusters = new Map(); // by identifier
  for (const x of servers) {
    if (!clusters.has(x.cluster)) clusters.set(x.cluster, { name: null, members: [] });
    const known = clusters.get(x.cluster);
    known.members.push(...(x.backends ?? []));
    known.name ??= x.cluster_name ?? null;
  }
  for (const x of clusters.values())
    for (const member of x.members) x.name ??= backends.get(member)?.labels?.cluster ?? null;
  const uses = new Map();
  for (const { name } of clusters.values()) uses.set(name, (uses.get(name) ?? 0) + 1);
  const result = new Map();
  for (const [id, { name, members }] of clusters) {
    const full = name === null ? `system ${id}` : uses.get(name) > 1 ? `${name} (${id})` : name;
    for (const member of members) result.set(member, full);
  }
  return result;
}

/**
 * Name of a backend to its place in its cluster: `{ role, wrong, lag }`. `wrong` is a word, or null;
 * `lag` in seconds, null where it is not known. Only of servers that answer.
 * @param servers as for namesOf()
 */
export function placesOf(servers) {
  const result = new Map();
  for (const x of servers.filter((y) => y.fresh)) {
    const split = x.role === "primary" && x.writable_servers > 1;
    const wrong = ["diverged", "detached"].includes(x.state) ? x.state : split ? "split brain" : null;
    for (const member of x.backends ?? [])
      result.set(member, { role: x.role, wrong, lag: x.lag_seconds ?? null });
  }
  return result;
}
