"""What is on the page beyond the original's families is what psql sees, as far as the role may."""

import pytest
from harness.daemon import backend
from harness.queries import at_each_poll

SETTINGS = """
select current_setting('max_connections') as max_connections,
       current_setting('superuser_reserved_connections') as superuser_reserved_connections,
       0 as reserved_connections,
       current_setting('autovacuum_freeze_max_age') as autovacuum_freeze_max_age,
       current_setting('autovacuum_multixact_freeze_max_age')
         as autovacuum_multixact_freeze_max_age"""

WRAPAROUND = """
select datname, age(datfrozenxid) as age_datfrozenxid_seconds,
       mxid_age(datminmxid) as age_datminmxid_seconds
from pg_database"""

# The session of psql that asks is not there while the program asks.
SESSIONS = """
select kind as backend_type, count(pid) as open,
       count(pid) filter (where kind = 'client backend') as connection_slots
from unnest(array['client backend', 'walsender', 'parallel worker', 'autovacuum worker']) kind
left join pg_stat_activity on backend_type = kind and pid <> pg_backend_pid()
group by 1
union all
select 'other', count(*), 0 from pg_stat_activity
where backend_type not in ('client backend', 'walsender', 'parallel worker', 'autovacuum worker')"""

# Who may see that sessions are there, and no more.
SESSIONS_HIDDEN = """
select 'any' as backend_type, count(*) - 1 as open,
       count(*) filter (where backend_type = 'client backend') - 1 as connection_slots
from pg_stat_activity"""

REPLICATION_PRIMARY = "select 0 as is_replica, 0 as lag_seconds"
REPLICATION_STANDBY = "select 1 as is_replica, 0 as lag_seconds, 0 as replay_paused"
REPLICATION_HIDDEN = "select 1 as is_replica, 0 as replay_paused"

RECEIVER = "select 1 as running, 1 as streaming, 1 as configured"
RECEIVER_HIDDEN = "select 1 as running"

STAT_RECEIVER = """
select sender_host as upstream_host, '' as slot_name, 2 as status, received_tli
from pg_stat_wal_receiver"""

BOTH = {"pg_settings": ((), SETTINGS), "pg_database_wraparound": (("datname",), WRAPAROUND)}
SEEN = {**BOTH, "pg_sessions": (("backend_type",), SESSIONS)}
HIDDEN = {**BOTH, "pg_sessions": (("backend_type",), SESSIONS_HIDDEN)}
EXPECTED = {
    ("primary", "pgstatsmon"): {**SEEN, "pg_replication": ((), REPLICATION_PRIMARY)},
    ("primary", "plain"): {**HIDDEN, "pg_replication": ((), REPLICATION_PRIMARY)},
    ("standby", "pgstatsmon"): {
        **SEEN,
        "pg_replication": ((), REPLICATION_STANDBY),
        "pg_wal_receiver": ((), RECEIVER),
        "pg_stat_wal_receiver": (("upstream_host", "slot_name"), STAT_RECEIVER),
    },
    ("standby", "plain"): {
        **HIDDEN,
        "pg_replication": ((), REPLICATION_HIDDEN),
        "pg_wal_receiver": ((), RECEIVER_HIDDEN),
    },
}
QUERIES = sorted({query for queries in EXPECTED.values() for query in queries})

# They move by themselves.
CLOCKS = {
    "pg_wal_receiver_last_message_age_seconds",
    "pg_stat_wal_receiver_last_msg_send_time",
    "pg_stat_wal_receiver_last_msg_receipt_time",
    "pg_stat_wal_receiver_latest_end_time",
}


@pytest.fixture(scope="module")
def servers(cluster):
    """A primary with some sessions, and a standby that has replayed everything."""
    primary = cluster().start()
    primary.role()
    primary.role("plain", monitor=False)
    primary.psql("create database app")
    primary.psql("create database closed allow_connections false")
    standby = cluster.standby_of(primary).start()
    for _ in range(3):
        primary.session("app")
    standby.session("app")
    return {"primary": primary, "standby": standby}


def wanted(server, queries):
    samples = {}
    for query, (labels, sql) in queries.items():
        for row in server.rows(sql):
            key = tuple(sorted((label, row.pop(label)) for label in labels))
            samples |= {(f"{query}_{column}", key): float(v) for column, v in row.items()}
    return samples


def delivered(page, name, families):
    samples = {}
    for family, labels, value in page.samples:
        rest = {k: v for k, v in labels.items() if k != "backend"}
        if labels.get("backend") == name and family in families:
            samples[family, tuple(sorted(rest.items()))] = value
    return samples


@pytest.mark.parametrize("name,user", EXPECTED)
def test_values_equal_those_of_psql(servers, watch, directory, name, user):
    server = servers[name]
    queries = at_each_poll(directory / "more", *QUERIES)
    daemon = watch([backend(name, server)], user=user, setup={"enabled": False},
                   queries=str(queries))
    families = {
        family for each in servers.values() for of in EXPECTED.values() for family, _ in wanted(each, of)
    }
    daemon.wait_up(name)
    # Sessions of psql end a moment after psql.
    daemon.wait_for(
        lambda page: delivered(page, name, families) == wanted(server, EXPECTED[name, user]),
        what=f"{wanted(server, EXPECTED[name, user])} on the page",
    )


def test_the_receivers_clocks_are_unix_time(servers, watch):
    daemon = watch([backend("standby", servers["standby"])])
    daemon.wait_up("standby")
    page = daemon.wait_polls("standby", 1)
    sql = "select extract(epoch from now())"
    now = float(servers["standby"].psql(sql))
    for name in CLOCKS - {"pg_wal_receiver_last_message_age_seconds"}:
        assert page.types[name] == "counter"
        assert now - 3600 < page.value(name, backend="standby") <= now
    assert 0 <= page.value("pg_wal_receiver_last_message_age_seconds", backend="standby") < 60


def test_all_connections_taken_are_seen(cluster, watch):
    """The session that we have goes on; ordinary roles get none of those kept for superusers."""
    server = cluster("crowded").start()
    server.role()
    server.configure(max_connections=8, superuser_reserved_connections=2)
    server.stop()
    server.start()
    server.psql("create role app login")
    daemon = watch([backend("one", server)], user="pgstatsmon")
    daemon.wait_up("one")
    daemon.wait_asked("one")
    for _ in range(5):
        server.session(user="app")
    page = daemon.wait_for(
        lambda page: page.total("pg_sessions_connection_slots", backend="one") == 6,
        what="all six are taken",
    )
    assert page.value("pg_up", backend="one") == 1
    assert page.value("pg_settings_max_connections", backend="one") == 8
    assert page.value("pg_settings_superuser_reserved_connections", backend="one") == 2
    with pytest.raises(Exception):
        server.session(user="app")
