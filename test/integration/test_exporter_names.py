"""With `families: exporter` the dashboards and alerts made for postgres_exporter find their series.

What they ask for is written here as facts, from postgres_exporter's mixin (its repository's
postgres_mixin: dashboards/postgres-overview.json, alerts/postgres.libsonnet) and from Grafana's
dashboard 9628: names, labels, and how series are joined; thresholds are left out.
"""

import pytest
from harness.daemon import backend
from harness.prometheus import Prometheus
from harness.waiting import wait_until

NAMES = {"primary", "standby"}

# A target for each backend, as the README says; the mixin wants a job that begins with "postgres",
# 9628 the label `release`.
SCRAPE = """
scrape_configs:
  - job_name: postgres
    http_sd_configs: [{url: "http://TARGET/api/v1/sd", refresh_interval: 1s}]
    relabel_configs: [{target_label: release, replacement: main}]
  - job_name: postgres-itself
    metrics_path: /metrics/daemon
    static_configs: [{targets: ["TARGET"], labels: {release: main}}]
"""

DATNAME = ["datname"]

# Family, and the labels that it is asked for by.
FAMILIES = {
    "pg_up": [],
    "pg_exporter_last_scrape_error": [],
    "pg_static": ["version", "short_version", "release"],
    "pg_postmaster_start_time_seconds": ["release"],
    "pg_stat_activity_count": ["datname", "state"],
    "pg_stat_activity_max_tx_duration": ["datname", "state"],
    "pg_locks_count": ["datname", "mode"],
    "pg_stat_user_tables_n_live_tup": ["datname", "schemaname", "relname"],
    "pg_stat_user_tables_n_dead_tup": ["datname", "schemaname", "relname"],
    "pg_replication_is_replica": [],
    "pg_replication_lag": [],
    "pg_replication_lag_seconds": [],
    "pg_xlog_position_bytes": [],
    **{
        f"pg_stat_database_{column}": DATNAME
        for column in (
            "xact_commit", "xact_rollback", "tup_fetched", "tup_returned", "tup_inserted",
            "tup_updated", "tup_deleted", "blks_hit", "blks_read", "numbackends", "temp_bytes",
            "deadlocks", "conflicts",
        )
    },
    **{
        f"pg_stat_bgwriter_{column}_total": []
        for column in (
            "buffers_alloc", "buffers_backend", "buffers_backend_fsync", "buffers_checkpoint",
            "buffers_clean", "checkpoints_timed", "checkpoints_req", "checkpoint_write_time",
            "checkpoint_sync_time",
        )
    },
    **{
        f"pg_settings_{name}": []
        for name in (
            "max_connections", "superuser_reserved_connections", "max_locks_per_transaction",
            "autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold",
            "shared_buffers_bytes", "effective_cache_size_bytes", "maintenance_work_mem_bytes",
            "work_mem_bytes", "max_wal_size_bytes", "random_page_cost", "seq_page_cost",
            "max_worker_processes", "max_parallel_workers",
        )
    },
}  # fmt: skip

# Those that only a server has that others stream from.
OF_A_PRIMARY = {
    "pg_replication_slots_active": ["slot_name"],
    "pg_replication_slots_xmin_age": ["slot_name"],
    "pg_stat_replication_pg_xlog_location_diff": ["application_name", "client_addr", "state"],
}

# Theirs is the exporter's process in every installation.
OF_THE_PROCESS = [
    "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
    "process_open_fds",
]  # fmt: skip

DB = 'datname!~"template.*"'
SERVER = "namespace, job, service, instance, server"
TABLES = "pg_stat_user_tables_n_{}_tup"
REPLICA = "pg_replication_is_replica == {}"
VACUUM = "group_left pg_settings_autovacuum_vacuum_{}"

# What an alert or a panel compares, and of which backends it speaks.
EXPRESSIONS = [
    ("sum by (instance) (pg_settings_max_connections)"
     " - sum by (instance) (pg_settings_superuser_reserved_connections)"
     " - sum by (instance) (pg_stat_activity_count)", NAMES),
    (f"rate(pg_stat_activity_max_tx_duration{{{DB}}}[2m])", NAMES),
    (f"irate(pg_stat_database_xact_commit{{{DB}}}[5m])"
     f" + irate(pg_stat_database_xact_rollback{{{DB}}}[5m])", NAMES),
    (f"rate(pg_stat_database_blks_hit{{{DB}}}[5m]) / (rate(pg_stat_database_blks_hit{{{DB}}}[5m])"
     f" + rate(pg_stat_database_blks_read{{{DB}}}[5m]))", NAMES),
    (f"rate(pg_stat_database_xact_rollback{{{DB}}}[5m]) / "
     f"rate(pg_stat_database_xact_commit{{{DB}}}[5m])", NAMES),
    (f"rate(pg_stat_database_deadlocks{{{DB}}}[5m]) * 60", NAMES),
    (f"pg_locks_count{{{DB}}} / on (instance, namespace) group_left (server)"
     " (pg_settings_max_locks_per_transaction * pg_settings_max_connections)", NAMES),
    ("rate(pg_xlog_position_bytes[2m])", NAMES),
    (f"rate(pg_xlog_position_bytes[2m]) and on (instance) ({REPLICA.format(0)})", {"primary"}),
    (f"pg_replication_lag and on (instance) ({REPLICA.format(1)})", {"standby"}),
    (f"(pg_xlog_position_bytes and {REPLICA.format(0)}) - on (job, service) group_right (instance)"
     f" (pg_xlog_position_bytes and {REPLICA.format(1)})", {"primary"}),
    ('pg_replication_slots_xmin_age{slot_name=~"^repmgr_slot_[0-9]+"}', {"primary"}),
    ("pg_replication_is_replica and changes(pg_replication_is_replica[1m]) == 0", NAMES),
    (f"sum without (relname) ({TABLES.format('dead')}) / (sum without (relname)"
     f" ({TABLES.format('live')}) + sum without (relname) ({TABLES.format('dead')}))"
     f" unless on (instance) ({REPLICA.format(1)})", {"primary"}),
    (f"{TABLES.format('dead')} - ({TABLES.format('live')} * on ({SERVER})"
     f" {VACUUM.format('scale_factor')} + on ({SERVER}) {VACUUM.format('threshold')})", NAMES),
    ("rate(pg_stat_bgwriter_checkpoints_timed_total[5m])"
     " + rate(pg_stat_bgwriter_checkpoints_req_total[5m])", NAMES),
    ('irate(pg_stat_bgwriter_buffers_alloc_total{instance="standby"}[5m])', {"standby"}),
    ('pg_static{release="main", instance="primary"}', {"primary"}),
    ('pg_stat_activity_count{datname=~".*", state=~"idle|idle in transaction"}', NAMES),
    ('up{job=~"postgres.*", job!="postgres-itself"}', NAMES),
]  # fmt: skip


@pytest.fixture(scope="module")
def pair(cluster):
    primary = cluster()
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    primary.configure(**settings)
    primary.start().role()
    primary.psql("create extension pg_stat_statements; create database app")
    primary.psql("create table t as select generate_series(1, 100) id; delete from t where id < 50", "app")
    primary.psql("select pg_create_physical_replication_slot('repmgr_slot_1', true)")
    standby = cluster.standby_of(primary)
    # Its transactions hold the horizon of the slot.
    standby.configure(primary_slot_name="repmgr_slot_1", hot_standby_feedback="on", **settings)
    return primary, standby.start()


@pytest.fixture
def daemon(pair, watch):
    backends = [backend(server.name, server) for server in pair]
    daemon = watch(backends, database="app", families="exporter")
    daemon.wait_up(*NAMES)
    return daemon


@pytest.fixture
def prometheus(directory, daemon):
    with Prometheus(directory, daemon, scrape=SCRAPE) as server:
        yield server


def instances(server, expression):
    """The backends that an expression speaks of, or nobody when it has no result."""
    return {result["metric"].get("instance") for result in server.query(expression)}


def missing(server):
    """What does not find all that it needs."""
    asked = dict(EXPRESSIONS)
    for families, those in ((FAMILIES, NAMES), (OF_A_PRIMARY, {"primary"})):
        for family, labels in families.items():
            given = ", ".join(f'{label}!=""' for label in labels)
            asked[f"{family}{{{given}}}"] = those
    wrong = {}
    for expression, those in asked.items():
        found = instances(server, expression)
        if found != those:
            wrong[expression] = found
    return wrong


def test_dashboards_and_alerts_find_their_series(daemon, prometheus):
    state = {}

    def complete():
        state["missing"] = missing(prometheus)
        return not state["missing"]

    wait_until(complete, what=lambda: f"all is there but {state}", every=1)
    for family in OF_THE_PROCESS:
        assert prometheus.query(f'{family}{{release="main"}}'), family


def test_types_are_theirs(daemon):
    names = [*FAMILIES, *OF_A_PRIMARY]
    page = daemon.wait_for(lambda page: all(map(page.find, names)), what="all families")
    for name in names:
        counter = name.endswith("_total") or (
            name.startswith("pg_stat_database_") and not name.endswith("numbackends")
        )
        assert page.types[name] == ("counter" if counter else "gauge"), name
    assert not [x for x in page.find("pg_query_error") if x[1]], page.find("pg_query_error")


def test_an_unreachable_server_is_an_error(pair, daemon):
    for server in pair:
        assert daemon.scrape().value("pg_exporter_last_scrape_error", backend=server.name) == 0
    pair[1].stop()
    daemon.wait_for(
        lambda page: page.value("pg_exporter_last_scrape_error", backend="standby") == 1
        and page.value("pg_up", backend="standby") == 0,
        what="the standby is gone",
    )
    pair[1].start()


def test_the_originals_words_have_none_of_it(pair, watch):
    """What only its alerts ask for would be noise."""
    daemon = watch([backend(server.name, server) for server in pair], database="app")
    page = daemon.wait_up(*NAMES)
    for name in ("pg_exporter_last_scrape_error", "pg_xlog_position_bytes", "pg_static"):
        assert not page.find(name), name
    assert page.find("pg_stat_activity_connections")
