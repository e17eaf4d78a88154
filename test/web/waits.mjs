// Sessions by what they wait for.
import assert from "node:assert";
import test from "node:test";
import { Waits, byType } from "../../actors/exposition/web/waits.mjs";

function reading(events) {
  return Object.entries(events).flatMap(([wait_event, [sessions, seconds]]) => {
    const labels = { backend: "x", wait_event_type: wait_event[0], wait_event };
    return [{ name: "pg_stat_activity_wait_events_sessions", labels, value: sessions },
      { name: "pg_wait_seconds_total", labels, value: seconds }];
  });
}

test("an average is from one poll to another", () => {
  const waits = new Waits();
  assert.deepEqual(waits.add(100, reading({ A1: [2, 50] })), [{ type: "A", event: "A1", sessions: 2, average: null }]);
  waits.add(105, reading({ A1: [2, 50] }));
  waits.add(110, reading({ A1: [2, 70] }));
  assert.equal(waits.add(115, reading({ A1: [2, 70] }))[0].average, null);
  assert.equal(waits.add(120, reading({ A1: [1, 90] }))[0].average, 2);
  // Between two polls nothing changes.
  assert.equal(waits.add(125, reading({ A1: [1, 90] }))[0].average, 2);
});

test("sums that fall begin anew", () => {
  const waits = new Waits();
  for (const [time, sum] of [[0, 10], [10, 20], [20, 30]]) waits.add(time, reading({ A1: [1, sum] }));
  assert.equal(waits.add(30, reading({ A1: [1, 5] }))[0].average, null);
});

test("most sessions come first, and what has none is left out", () => {
  const rows = new Waits().add(1, reading({ A1: [1, 0], B1: [3, 0], B2: [0, 9], A2: [2, 0] }));
  assert.deepEqual(rows.map((x) => x.event), ["B1", "A2", "A1"]);
  assert.deepEqual(byType(rows).map((x) => [x.type, x.sessions]), [["B", 3], ["A", 3]]);
});
