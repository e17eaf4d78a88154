// The tree of sessions that wait for one another.
import assert from "node:assert";
import test from "node:test";
import { depthsOf } from "../../actors/exposition/web/locks.mjs";

test("a session stands below the first above it that it waits for", () => {
  const rows = [{ pid: 1, blockers: [] }, { pid: 2, blockers: [1] }, { pid: 3, blockers: [9, 2] }, { pid: 4, blockers: [] }];
  assert.deepEqual(depthsOf(rows), [0, 1, 2, 0]);
});

test("a circle ends, and a blocker may be unknown", () => {
  assert.deepEqual(depthsOf([{ pid: 1, blockers: [2] }, { pid: 2, blockers: [1] }]), [0, 1]);
  assert.deepEqual(depthsOf([{ pid: 4, blockers: [99] }]), [0]);
  assert.deepEqual(depthsOf([]), []);
});
