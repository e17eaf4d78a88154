// Names of clusters, for people. Knows no document.

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
