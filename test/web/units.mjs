// Numbers as people read them.
import assert from "node:assert";
import test from "node:test";
import * as units from "../../actors/exposition/web/units.mjs";

test("durations have a unit that fits", () => {
  for (const [x, text] of [[0, "0 s"], [0.00095, "950 µs"], [0.0068, "6.8 ms"], [1.26, "1.3 s"], [119.9, "119 s"],
    [300, "5 min"], [7200, "2 h"], [86400 * 3, "3 d"], [null, "–"], [NaN, "–"], [undefined, "–"]])
    assert.equal(units.duration(x), text);
  assert.equal(units.age(0.4), "0 s");
});

test("counts and bytes", () => {
  assert.equal(units.count(1234567), "1,234,567");
  assert.equal(units.bytes(812), "812 B");
  assert.equal(units.bytes(3482), "3.4 KiB");
  assert.equal(units.bytes(1024 * 1024 - 1), "1.0 MiB");
  assert.equal(units.percent(0.125), "12.5 %");
});

test("a name says the unit of its numbers", () => {
  for (const [name, x, text] of [["lag_bytes", 2048, "2.0 KiB"], ["wal_bytes_per_second", 2048, "2.0 KiB/s"],
    ["poll_seconds", 0.5, "500.0 ms"], ["commits_per_second", 12.345, "12.3/s"], ["cache_hit_ratio", 0.5, "50.0 %"],
    ["connections", 12, "12"], ["connections", null, "–"], ["x", 123456, "123 k"]])
    assert.equal(units.measured(name, x), text);
});

test("a moment of another day has its date", () => {
  const noon = new Date(2026, 2, 5, 12, 3, 4).getTime() / 1000;
  assert.equal(units.moment(noon, noon + 60), "12:03:04");
  assert.equal(units.moment(noon, noon + 86400), "2026-03-05 12:03:04");
  assert.equal(units.moment(0), "–");
  assert.equal(units.moment(null), "–");
});
