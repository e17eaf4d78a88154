// Who is worst, who belongs together, who is looked for.
import assert from "node:assert";
import test from "node:test";
import * as model from "../../actors/exposition/web/fleet_model.mjs";

function backend(name, more = {}) {
  return { backend: name, address: "10.0.0.1", port: 5432, database: "postgres", source: "static", labels: {}, up: true,
    since: 100, failure: null, paused: false, role: "primary", version: "15.4", ...more };
}

const FLEET = [
  backend("a"),
  backend("b", { up: false, failure: "refused", since: 200, labels: { cluster: "orders" } }),
  backend("c", { up: false, failure: "auth", since: 300, labels: { cluster: "billing" } }),
  backend("d", { paused: true }),
  backend("e", { up: false, since: null, version: "unknown", role: "unknown" }),
  backend("f", { role: "standby", version: "9.6.24", labels: { cluster: "orders" } }),
];

const names = (groups) => groups.map((x) => [x.cluster, x.backends.map((y) => y.backend)]);

test("every backend has one condition", () => {
  assert.deepEqual(FLEET.map(model.conditionOf), ["up", "failing", "failing", "paused", "new", "up"]);
  assert.deepEqual(FLEET.map(model.wordOf), ["up", "refused", "auth", "paused", "new", "up"]);
  assert.deepEqual(model.countsOf(FLEET), { failing: 2, new: 1, paused: 1, up: 2 });
  assert.equal(model.wordOf(backend("x", { up: false })), "down");
  assert.equal(model.wordOf(backend("x", { setup: "disabled" })), "up, rights missing");
  assert.equal(model.wordOf(backend("x", { setup: "standby" })), "up");
});

test("the cluster with the newest failure comes first, and in it the worst backend", () => {
  assert.deepEqual(names(model.grouped(FLEET, {})),
    [["billing", ["c"]], ["orders", ["b", "f"]], ["static", ["e", "d", "a"]]]);
});

test("clusters that the daemon knows win over labels", () => {
  const known = new Map([["b", "main"], ["c", "main"]]);
  assert.deepEqual(names(model.grouped(FLEET, { state: "failing" }, known)), [["main", ["c", "b"]]]);
});

test("filters", () => {
  const found = (filter) => FLEET.filter((x) => model.matches(x, filter)).map((x) => x.backend).join("");
  assert.equal(found({}), "abcdef");
  assert.equal(found({ q: "cluster=orders" }), "bf");
  assert.equal(found({ q: "ORDERS refused" }), "b");
  assert.equal(found({ state: "failing" }), "bc");
  assert.equal(found({ role: "standby" }), "f");
  assert.equal(found({ version: "9.6" }), "f");
  assert.equal(found({ version: "15", state: "up" }), "a");
  assert.equal(found({ q: "10.0.0.1:5432" }), "abcdef");
  assert.equal(found({ q: "(.*)" }), "");
});

test("choices are sorted as numbers are", () => {
  const versions = ["9.6.1", "15.4", "10.1", "15.18"].map((version) => backend("x", { version }));
  assert.deepEqual(model.choicesOf(versions, (x) => model.majorOf(x.version)), ["9.6", "10", "15"]);
});

test("a role says what is wrong with its place, and how far behind it is", () => {
  const standby = backend("a", { role: "standby" });
  assert.equal(model.roleOf(standby), "standby");
  assert.equal(model.roleOf(standby, { role: "standby", wrong: null, lag: 0.4 }), "standby");
  assert.equal(model.roleOf(standby, { role: "standby", wrong: "detached", lag: 14.2 }), "standby, detached, 14 s behind");
  assert.equal(model.roleOf(backend("a"), { role: "primary", wrong: "split brain", lag: null }), "primary, split brain");
  // One of the two is older.
  assert.equal(model.roleOf(backend("a"), { role: "standby", wrong: "detached", lag: 14.2 }), "primary");
  assert.equal(model.roleOf(backend("a", { role: null })), "");
});
