// Reading Prometheus' text format.
import assert from "node:assert";
import test from "node:test";
import { rowsOf, samplesOf } from "../../actors/exposition/web/exposition.mjs";
import { slotsOf } from "../../actors/exposition/web/slots.mjs";

test("samples have names, labels and numbers", () => {
  const text = '# HELP a A.\n# TYPE a gauge\na{backend="x",b="}\\"\\\\\\n,c="} 1.5e3\nb{backend="x"} -2\n\nc 1\nd{e="f"} NaN\n';
  assert.deepEqual(samplesOf(text), [
    { name: "a", labels: { backend: "x", b: '}"\\\n,c=' }, value: 1500 }, { name: "b", labels: { backend: "x" }, value: -2 }]);
  assert.deepEqual(samplesOf(""), []);
});

test("samples with the same labels are a row", () => {
  const sample = (name, x, value) => ({ name, labels: { x, other: "y" }, value });
  assert.deepEqual(rowsOf([sample("a", "1", 5), sample("b", "1", 6), sample("a", "2", 7)], ["x"]),
    [{ x: "1", a: 5, b: 6 }, { x: "2", a: 7 }]);
});

test("the slot that keeps most comes first", () => {
  const labels = (slot_name) => ({ slot_name, slot_type: "physical", database: "" });
  const status = "pg_replication_slot_wal_status";
  const samples = [
    { name: "pg_up", labels: { backend: "x" }, value: 1 },
    { name: "pg_replication_slots_active", labels: labels("a"), value: 1 },
    { name: "pg_replication_slots_active", labels: labels("b"), value: 0 },
    { name: "pg_replication_slots_pg_wal_lsn_diff", labels: labels("b"), value: 99 },
    { name: status, labels: { ...labels("b"), [status]: "reserved" }, value: 0 },
    { name: status, labels: { ...labels("b"), [status]: "lost" }, value: 1 },
  ];
  const [first, second] = slotsOf(samples);
  assert.deepEqual([first.name, first.active, first.kept, first.status], ["b", false, 99, "lost"]);
  assert.deepEqual([second.name, second.active, second.kept, second.status], ["a", true, null, null]);
});
