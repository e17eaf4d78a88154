"""The metrics of the contract, and the SQL that says what each must be."""

# Family of samples -> (labels, query for labels and values). A column is a metric, `AS` gives the
# unit. Written for PostgreSQL 15 and as directly as possible; what is asked of the views here is
# what the program must deliver, however it asks.
USER_TABLES = """
select schemaname, relname, analyze_count, autoanalyze_count, autovacuum_count, idx_scan,
       idx_tup_fetch, n_tup_del, n_tup_hot_upd, n_tup_ins, n_tup_upd, seq_scan, seq_tup_read,
       vacuum_count, n_live_tup, n_dead_tup
from pg_stat_user_tables"""

STATIO_TABLES = """
select schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit
from pg_statio_user_tables"""

STATIO_INDEXES = """
select indexrelname, schemaname, relname, idx_blks_read, idx_blks_hit
from pg_statio_user_indexes"""

REPLICATION = """
select sync_state, application_name, host(client_addr) as client_addr, 1 as clients,
       sent_lsn - '0/0' as wal_sent_bytes, write_lsn - '0/0' as replica_wal_written_bytes,
       flush_lsn - '0/0' as replica_wal_flushed_bytes,
       replay_lsn - '0/0' as replica_wal_replayed_bytes
from pg_stat_replication"""

RECOVERY_PRIMARY = """
select pg_current_wal_insert_lsn() - '0/0' as wal_inserted_bytes,
       pg_last_wal_replay_lsn() - '0/0' as wal_replayed_bytes,
       pg_current_wal_flush_lsn() - '0/0' as wal_flushed_bytes"""

RECOVERY_STANDBY = """
select pg_last_wal_replay_lsn() - '0/0' as wal_replayed_bytes,
       pg_last_wal_receive_lsn() - '0/0' as wal_received_bytes"""

ACTIVITY = """
select d.datname, s.state, count(a.pid) as connections
from pg_database d
cross join unnest(array['active', 'idle', 'idle in transaction',
                        'idle in transaction (aborted)', 'fastpath function call',
                        'disabled']) s(state)
left join pg_stat_activity a on a.datname = d.datname and a.state = s.state
where not d.datistemplate
group by 1, 2"""

DATABASE = """
select datname, tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, blks_read,
       blks_hit, xact_commit, xact_rollback, blk_read_time as blk_read_time_ms,
       blk_write_time as blk_write_time_ms, numbackends
from pg_stat_database
where datname in (select datname from pg_database where not datistemplate) and datname <> 'postgres'"""

RELATION_SIZE = """
select n.nspname as schemaname, c.relname, nullif(c.reltuples, -1) as row_estimate,
       pg_total_relation_size(c.oid) as total_bytes, pg_indexes_size(c.oid) as index_bytes,
       pg_total_relation_size(nullif(c.reltoastrelid, 0)) as toast_bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and (n.nspname = 'public' or n.nspname like 'manta%')"""

BGWRITER = """
select checkpoints_timed, checkpoints_req, checkpoint_write_time as checkpoint_write_time_ms,
       checkpoint_sync_time as checkpoint_sync_time_ms, buffers_checkpoint, buffers_clean,
       maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc
from pg_stat_bgwriter"""

VACUUM = """
select n.nspname as schemaname, c.relname, age(c.relfrozenxid) as xid_age,
       current_setting('autovacuum_freeze_max_age')::bigint - age(c.relfrozenxid)
         as tx_until_wraparound_autovacuum
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relowner <> 10"""

BOTH = {
    "pg_stat_user_tables": (("schemaname", "relname"), USER_TABLES),
    "pg_statio_user_tables": (("schemaname", "relname"), STATIO_TABLES),
    "pg_statio_user_indexes": (("indexrelname", "schemaname", "relname"), STATIO_INDEXES),
    "pg_stat_replication": (("sync_state", "application_name", "client_addr"), REPLICATION),
    "pg_stat_activity": (("datname", "state"), ACTIVITY),
    "pg_stat_database": (("datname",), DATABASE),
    "pg_relation_size": (("schemaname", "relname"), RELATION_SIZE),
    "pg_stat_bgwriter": ((), BGWRITER),
    "pg_vacuum": (("schemaname", "relname"), VACUUM),
}
PRIMARY = {**BOTH, "pg_recovery": ((), RECOVERY_PRIMARY)}
STANDBY = {**BOTH, "pg_recovery": ((), RECOVERY_STANDBY)}

VACUUM_PROGRESS = [
    f"pg_stat_progress_vacuum_{column}"
    for column in ["phase", "query_start", "heap_blks_total", "heap_blks_scanned"]
    + ["heap_blks_vacuumed", "index_vacuum_count", "max_dead_tuples", "num_dead_tuples"]
]

GAUGES = set(VACUUM_PROGRESS) | {
    "pg_stat_user_tables_n_live_tup",
    "pg_stat_user_tables_n_dead_tup",
    "pg_stat_activity_connections",
    "pg_stat_database_numbackends",
    "pg_stat_replication_clients",
    "pg_relation_size_row_estimate",
    "pg_relation_size_total_bytes",
    "pg_relation_size_index_bytes",
    "pg_relation_size_toast_bytes",
    "pg_vacuum_xid_age",
    "pg_vacuum_tx_until_wraparound_autovacuum",
}

QUERIES = [*PRIMARY, "pg_stat_progress_vacuum"]


def expected(server, database, queries):
    """{(name, labels): value} as psql says; labels are sorted pairs without `backend`."""
    samples = {}
    for query, (labels, sql) in queries.items():
        for row in server.rows(sql, database):
            key = tuple(sorted((label, row.pop(label) or "") for label in labels))
            for column, value in row.items():
                if value is not None:
                    samples[f"{query}_{column}", key] = float(value)
    return samples


def delivered(page, backend, families):
    """The same of a page, for one backend. What is not the original's may be there as well."""
    samples = {}
    for name, labels, value in page.samples:
        if labels.get("backend") == backend and name in families:
            rest = {k: v for k, v in labels.items() if k != "backend"}
            samples[name, tuple(sorted(rest.items()))] = value
    return samples


# What the program counts itself, by contract, per backend.
OWN = {"pg_query_count", "pg_connect_error", "pg_query_error", "pg_query_timeout", "pg_NaN_error"}
