// Statements for servers since 10.
#include "actors/backend/look_sql.hpp"

namespace pgstatsmon {

namespace {

constexpr int32_t first_version = 100000;
constexpr int32_t with_wait_start = 140000;

/// Who waits is known to the sessions themselves; the lock table is looked at for them alone.
constexpr std::string_view locks = R"(
WITH waiting AS (
  SELECT a.pid, a.query_start AS since
    FROM pg_catalog.pg_stat_get_activity(NULL::integer) a
   WHERE a.wait_event_type = 'Lock'
   ORDER BY a.query_start, a.pid
   LIMIT 100
), edges AS (
  SELECT w.pid, w.since, pg_catalog.pg_blocking_pids(w.pid) AS blockers
    FROM waiting w
), involved AS (
  SELECT e.pid FROM edges e
   UNION
  SELECT b.pid FROM edges e CROSS JOIN LATERAL pg_catalog.unnest(e.blockers) b (pid)
), wanted AS (
  SELECT k.pid, {wait_start} AS since,
         coalesce((SELECT pg_catalog.concat(n.nspname, '.', c.relname)
                     FROM pg_catalog.pg_class c
                     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
                    WHERE c.oid = k.relation AND d.oid = k.database),
                  k.locktype) || ' ' || k.mode AS lock
    FROM pg_catalog.pg_lock_status() k
   WHERE NOT k.granted AND EXISTS (SELECT 1 FROM waiting w)
)
SELECT i.pid, e.blockers, d.datname AS database, r.rolname AS role,
       pg_catalog.left(a.application_name, 64) AS application,
       coalesce(pg_catalog.host(a.client_addr), 'local') AS client, a.state,
       (SELECT pg_catalog.min(w.lock) FROM wanted w WHERE w.pid = i.pid) AS lock,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - coalesce(
         (SELECT pg_catalog.min(w.since) FROM wanted w WHERE w.pid = i.pid), e.since)) AS waits,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) AS transaction,
       {statement} AS statement
  FROM involved i
  LEFT JOIN edges e ON e.pid = i.pid
  LEFT JOIN pg_catalog.pg_stat_get_activity(NULL::integer) a ON a.pid = i.pid
  LEFT JOIN pg_catalog.pg_database d ON d.oid = a.datid
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
 ORDER BY i.pid)";

constexpr std::string_view holders = R"(
WITH sessions AS (
  SELECT a.pid, d.datname, r.rolname, pg_catalog.left(a.application_name, 64) AS application,
         a.state, a.xact_start, a.backend_xmin, a.backend_type, {statement} AS statement
    FROM pg_catalog.pg_stat_get_activity(NULL::integer) a
    LEFT JOIN pg_catalog.pg_database d ON d.oid = a.datid
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
   WHERE a.pid <> pg_catalog.pg_backend_pid()
), prepared AS (
  SELECT p.gid, p.prepared, p.transaction, d.datname, r.rolname
    FROM pg_catalog.pg_prepared_xact() p
    LEFT JOIN pg_catalog.pg_database d ON d.oid = p.dbid
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = p.ownerid
), slots AS (
  SELECT s.slot_name, s.active, d.datname, s.xmin, s.catalog_xmin, s.restart_lsn
    FROM pg_catalog.pg_get_replication_slots() s
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datoid
), rows AS (
  (SELECT 1 AS place, 'longest transaction' AS what, s.pid::text AS who, s.datname, s.rolname,
          s.application, s.state, s.xact_start AS since, NULL::integer AS transactions,
          NULL::numeric AS bytes, s.statement
     FROM sessions s
    WHERE s.backend_type = 'client backend' AND s.xact_start IS NOT NULL
    ORDER BY s.xact_start
    LIMIT 1)
   UNION ALL
  (SELECT 2, 'xmin horizon', x.who, x.datname, x.rolname, x.application, x.state, x.since,
          pg_catalog.age(x.oldest), NULL, NULL
     FROM (SELECT s.pid::text AS who, s.datname, s.rolname, s.application, s.state,
                  s.xact_start AS since, s.backend_xmin AS oldest
             FROM sessions s
            UNION ALL
           SELECT p.gid, p.datname, p.rolname, NULL, 'prepared', p.prepared, p.transaction
             FROM prepared p
            UNION ALL
           SELECT s.slot_name::text, s.datname, NULL, NULL, 'slot', NULL, s.xmin FROM slots s
            UNION ALL
           SELECT s.slot_name::text, s.datname, NULL, NULL, 'slot', NULL, s.catalog_xmin
             FROM slots s) x
    WHERE x.oldest IS NOT NULL
    ORDER BY pg_catalog.age(x.oldest) DESC
    LIMIT 1)
   UNION ALL
  (SELECT 3, 'prepared transaction', p.gid, p.datname, p.rolname, NULL, 'prepared', p.prepared,
          pg_catalog.age(p.transaction), NULL, NULL
     FROM prepared p
    ORDER BY p.prepared
    LIMIT 1)
   UNION ALL
  (SELECT 4, 'slot', s.slot_name::text, s.datname, NULL, NULL,
          CASE WHEN s.active THEN 'active' ELSE 'inactive' END, NULL, NULL,
          pg_catalog.pg_wal_lsn_diff(
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                 ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn),
          NULL
     FROM slots s
    WHERE s.restart_lsn IS NOT NULL
    ORDER BY s.restart_lsn
    LIMIT 1)
)
SELECT r.what, pg_catalog.left(r.who, 200) AS who, r.datname AS database, r.rolname AS role,
       r.application, r.state,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.since) AS seconds,
       r.transactions, r.bytes, r.statement
  FROM rows r
 ORDER BY r.place)";

} // namespace

std::string look_sql(look what, int32_t server_version, bool statements) {
  if (server_version < first_version)
    return {};
  std::string result{what == look::holders ? holders : locks};
  auto put = [&](std::string_view mark, std::string_view sql) {
    if (auto at = result.find(mark); at != std::string::npos)
      result.replace(at, mark.size(), sql);
  };
  put("{wait_start}",
      server_version < with_wait_start ? "NULL::pg_catalog.timestamptz" : "k.waitstart");
  put("{statement}", statements ? "pg_catalog.left(a.query, 200)" : "NULL::pg_catalog.text");
  return result;
}

} // namespace pgstatsmon
