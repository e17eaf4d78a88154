// Replication slots: what each keeps on the server.
import { table } from "./dom.mjs";
import { rowsOf } from "./exposition.mjs";
import { bytes, count, words } from "./units.mjs";

/** The query that shows them. */
export const SLOTS = "pg_replication_slots";

const KEPT = "pg_replication_slots_pg_wal_lsn_diff";
const STATUS = "pg_replication_slot_wal_status";
const SAFE = "pg_replication_slot_safe_wal_size_bytes";

/** A row for each slot; the one that keeps most comes first. */
export function slotsOf(samples) {
  const ours = samples.filter((x) => "slot_name" in x.labels);
  const states = new Map(ours.filter((x) => x.name === STATUS && x.value === 1)
    .map((x) => [x.labels.slot_name, x.labels[STATUS]]));
  return rowsOf(ours.filter((x) => x.name !== STATUS), ["slot_name", "slot_type", "database"])
    .map((x) => ({ name: x.slot_name, type: x.slot_type, database: x.database, active: x.pg_replication_slots_active === 1,
      kept: x[KEPT] ?? null, safe: x[SAFE] ?? null, xids: x.pg_replication_slots_xmin_age_xids ?? null,
      status: states.get(x.slot_name) ?? null }))
    .sort((a, b) => (b.kept ?? -1) - (a.kept ?? -1));
}

export function slotsTable(rows) {
  const columns = [{ title: "Slot" }, { title: "Type" }, { title: "Database" }, { title: "Used" },
    { title: "WAL kept", number: true }, { title: "WAL left", number: true }, { title: "xids kept", number: true },
    { title: "WAL is" }];
  return table("The one that keeps most comes first", columns, rows.map((x) =>
    [words(x.name), words(x.type), words(x.database), x.active ? "yes" : "no", bytes(x.kept), bytes(x.safe), count(x.xids),
      words(x.status)]));
}
