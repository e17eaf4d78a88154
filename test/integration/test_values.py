"""The values on the page are those that psql sees."""

import pytest
from harness.contract import GAUGES, PRIMARY, STANDBY, delivered, expected
from harness.daemon import backend

TABLES = """
create role owner;
create schema manta_own;
create schema elsewhere;
create table accounts (id int primary key, note text, blob text);
create index accounts_note on accounts (note);
create table manta_own.jobs (id int primary key);
create table elsewhere.unseen_size (id int);
create table never_analysed (id int);
alter table accounts owner to owner;
alter table manta_own.jobs owner to owner;
insert into accounts select i, 'n' || i, repeat('x', i) from generate_series(1, 2000) i;
insert into manta_own.jobs select generate_series(1, 10);
update accounts set note = 'changed' where id % 3 = 0;
delete from accounts where id % 7 = 0;
select count(*) from accounts where id = 5;
select count(*) from accounts;
vacuum analyze accounts;
analyze manta_own.jobs;
begin; insert into accounts values (-1); rollback;
"""

SESSIONS = {"pg_stat_activity_connections", "pg_stat_database_numbackends"}

# Families that must be there, so that an empty page is no success.
BOTH = {
    "pg_stat_user_tables_n_live_tup",
    "pg_statio_user_tables_heap_blks_hit",
    "pg_statio_user_indexes_idx_blks_hit",
    "pg_stat_database_xact_commit",
    "pg_relation_size_toast_bytes",
    "pg_stat_bgwriter_checkpoints_timed",
    "pg_vacuum_xid_age",
}
NEVER_EMPTY = {
    "primary": BOTH | {"pg_stat_replication_wal_sent_bytes", "pg_recovery_wal_flushed_bytes"},
    "standby": BOTH | {"pg_recovery_wal_received_bytes"},
}


@pytest.fixture(scope="module")
def servers(cluster):
    """A primary with two databases and a standby that has replayed everything."""
    primary = cluster().start()
    primary.role()
    for database in ("app", "other"):
        primary.psql(f"create database {database}")
    for statement in TABLES.strip().split(";\n"):
        primary.psql(statement, "app")
    for _ in range(3):
        primary.psql("select count(*) from pg_class", "other")
    standby = cluster.standby_of(primary).start()
    return primary, standby


def compare(before, page, after):
    """Every value lies where psql saw it; returns the families with a value that stood still."""
    assert set(before) == set(after)
    assert set(page) == set(before)
    still = set()
    for key, value in page.items():
        name, labels = key
        if name in GAUGES and "datname" in dict(labels):
            continue  # sessions come and go with psql; they have their own test
        if before[key] == after[key]:
            assert value == pytest.approx(before[key], rel=1e-12), key
            still.add(name)
        elif name not in GAUGES:
            assert before[key] <= value <= after[key], key
    return still


@pytest.mark.parametrize("name", ["primary", "standby"])
def test_values_equal_those_of_psql(servers, watch, name):
    """Two polls lie between two questions by psql. The questions and the polls move some counters
    themselves, so it takes some rounds until each family has been seen to stand still."""
    server = servers[name == "standby"]
    queries = STANDBY if name == "standby" else PRIMARY
    daemon = watch([backend(name, server)], database="app")
    daemon.wait_up(name)
    still = set()
    for _ in range(20):
        before = expected(server, "app", queries)
        families = {family for family, _ in before}
        page = delivered(daemon.wait_polls(name, 2), name, families)
        after = expected(server, "app", queries)
        still |= compare(before, page, after)
        names = {family for family, _ in page if family not in SESSIONS}
        if still >= names:
            break
    assert still == names
    assert still >= NEVER_EMPTY[name]


def test_types_are_those_of_the_contract(servers, watch):
    daemon = watch([backend("primary", servers[0])], database="app")
    daemon.wait_up("primary")
    page = daemon.wait_polls("primary", 1)
    for name, _ in expected(servers[0], "app", PRIMARY):
        assert page.types[name] == ("gauge" if name in GAUGES else "counter"), name


def test_sessions_are_counted_by_database_and_state(servers, watch):
    primary, _ = servers
    sessions = [primary.session("other") for _ in range(3)]
    sessions[2].run("begin")
    daemon = watch([backend("primary", primary)], database="app")
    daemon.wait_up("primary")
    page = daemon.wait_polls("primary", 2)
    found = page.find("pg_stat_activity_connections", backend="primary", datname="other")
    counts = {labels["state"]: value for labels, value in found}
    assert counts == {
        "active": 0,
        "idle": 2,
        "idle in transaction": 1,
        "idle in transaction (aborted)": 0,
        "fastpath function call": 0,
        "disabled": 0,
    }


def test_static_labels_are_on_every_series(servers, watch):
    daemon = watch(
        [backend("primary", servers[0])],
        database="app",
        target={"metadata": {"datacenter": "here", "rack": 7}},
    )
    daemon.wait_up("primary")
    page = daemon.wait_polls("primary", 1)
    bare = [s for s in page.samples if (s[1].get("datacenter"), s[1].get("rack")) != ("here", "7")]
    assert not bare
