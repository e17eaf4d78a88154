// Names of clusters, and places in them.
import assert from "node:assert";
import test from "node:test";
import { namesOf, placesOf } from "../../actors/exposition/web/clusters.mjs";

test("a cluster has its own name, else its label, else its identifier", () => {
  const servers = [
    { cluster: "1", cluster_name: "orders", backends: ["a", "b"] },
    { cluster: "1", cluster_name: null, backends: ["c"] },
    { cluster: "2", cluster_name: null, backends: ["d"] },
    { cluster: "3", cluster_name: null, backends: ["e"] },
  ];
  const backends = new Map([["d", { labels: { cluster: "billing" } }], ["e", { labels: {} }]]);
  assert.deepEqual([...namesOf(servers, backends)],
    [["a", "orders"], ["b", "orders"], ["c", "orders"], ["d", "billing"], ["e", "system 3"]]);
});

test("two clusters of one name stay two", () => {
  const servers = ["1", "2"].map((cluster) => ({ cluster, cluster_name: "main", backends: [cluster] }));
  assert.deepEqual([...namesOf(servers, new Map())], [["1", "main (1)"], ["2", "main (2)"]]);
});

test("nothing is nothing", () => assert.equal(namesOf([], new Map()).size, 0));

test("a place that is wrong has a word, of a server that answers", () => {
  const server = (more) => ({ role: "standby", fresh: true, state: "attached", writable_servers: 1, lag_seconds: 0, backends: ["a"], ...more });
  const placeOf = (more) => placesOf([server(more)]).get("a");
  assert.deepEqual(placeOf({}), { role: "standby", wrong: null, lag: 0 });
  assert.equal(placeOf({ state: "detached", lag_seconds: 14 }).wrong, "detached");
  const primary = { role: "primary", state: "writable", lag_seconds: null };
  assert.deepEqual(placeOf(primary), { role: "primary", wrong: null, lag: null });
  assert.equal(placeOf({ ...primary, writable_servers: 2 }).wrong, "split brain");
  assert.equal(placeOf({ ...primary, writable_servers: 2, state: "diverged" }).wrong, "diverged");
  assert.equal(placeOf({ fresh: false, state: "no answer" }), undefined);
  assert.deepEqual([...placesOf([server({ backends: ["a", "b"] })]).keys()], ["a", "b"]);
});
