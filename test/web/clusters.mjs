// Names of clusters.
import assert from "node:assert";
import test from "node:test";
import { namesOf } from "../../actors/exposition/web/clusters.mjs";

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
