// Lines of small charts.
import assert from "node:assert";
import test from "node:test";
import { linesOf, seriesOf } from "../../actors/exposition/web/chart.mjs";

test("values become points from zero to the largest", () => {
  assert.deepEqual(linesOf([0, 5, 10], 20, 10), ["0.0,10.0 10.0,5.0 20.0,0.0"]);
});

test("points become series whose names have units", () => {
  const points = [{ time: 1, up: 1, poll_seconds: 0.1, wal: 5 }, { time: 2, up: 0, poll_seconds: null, wal: 6 }];
  assert.deepEqual(seriesOf({ signs: [{ sign: "wal", unit: "bytes/s" }], points }),
    { times: [1, 2], series: [["up", [1, 0]], ["poll_seconds", [0.1, null]], ["wal_bytes_per_second", [5, 6]]] });
  assert.deepEqual(seriesOf({ time: [1], a: [2], b: "x" }), { times: [1], series: [["a", [2]]] });
});

test("what is missing is a gap", () => {
  assert.deepEqual(linesOf([1, null, 1, 1], 30, 10), ["0.0,0.0", "20.0,0.0 30.0,0.0"]);
});

test("nothing and zeros make no nonsense", () => {
  assert.deepEqual(linesOf([], 10, 10), []);
  assert.deepEqual(linesOf([null], 10, 10), []);
  assert.deepEqual(linesOf([0, 0], 10, 10), ["0.0,10.0 10.0,10.0"]);
});
