"""Every query of the catalogue runs on other majors of PostgreSQL too, and says what is so.

PGSTATSMON_MAJORS names them, as in "13 17 18 19"; 17 without. Each is fetched by test/versions; what
can't be had is left out, and says so.
"""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from harness import postgres, process
from harness.daemon import BINARY, backend
from harness.postgres import Postgres
from harness.waiting import wait_until

TEST = Path(__file__).resolve().parents[1]
MAJORS = os.environ.get("PGSTATSMON_MAJORS", "17").split()

OBJECTS = """
create database app;
\\c app
create schema elsewhere;
create table elsewhere.parent (k int, id int) partition by list (k);
create table elsewhere.rest partition of elsewhere.parent default;
insert into elsewhere.parent select 7, i from generate_series(1, 100) i;
create table used (id smallserial primary key, a int, note text);
create index used_a on used (a);
create index used_a_id on used (a, id);
create index used_note on used (note) where note is not null;
select setval('used_id_seq', 30000);
create table toasted (note text);
alter table toasted alter note set storage external;
insert into toasted select repeat('x', 5000) from generate_series(1, 20);
select count(*) from toasted where note = 'y';
create materialized view seen as select * from used;
create extension pg_stat_statements;
create extension pg_buffercache;
select pg_create_logical_replication_slot('decoded', 'test_decoding');
insert into used (a) values (1);
select count(*) from pg_logical_slot_get_changes('decoded', null, null);
create role monitor login in role pg_monitor;
create role plain login;
analyze;
"""

SETTINGS = {
    "wal_level": "logical",
    "shared_preload_libraries": "pg_stat_statements",
    "track_functions": "all",
    "track_io_timing": "on",
    "max_prepared_transactions": "5",
    "max_wal_senders": "10",
    "archive_mode": "on",
    "archive_command": "/bin/false",
}


def load():
    """test/check_catalogue as a module; it has no suffix."""
    loader = importlib.machinery.SourceFileLoader("check_catalogue", str(TEST / "check_catalogue"))
    spec = importlib.util.spec_from_loader("check_catalogue", loader)
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__file__"] = str(TEST / "check_catalogue")
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
catalogue = load()
SETS = ["original", "core", "standard", "full", "statements"]
DEFINITIONS = {
    one["name"]: one
    for one in (yaml.safe_load(file.read_text()) for file in catalogue.QUERIES.glob("*.yaml"))
    if one.get("kind") != "pgbouncer"
}


class OfMajor(Postgres):
    """A server of another major: initdb of 13 does not know what later ones do."""

    def initialise(self, kept_in=None):
        command = [postgres.BIN / "initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8"]
        process.run([*command, "--locale=C", "-D", self.data], user=self.user)
        self._configure()
        return self


@pytest.fixture(scope="module", params=MAJORS)
def pair(request, directory):
    """A primary and its standby, both with something to show."""
    found = subprocess.run([TEST / "versions", request.param], capture_output=True, text=True)
    if found.returncode:
        pytest.skip(f"no PostgreSQL {request.param}: {found.stderr.strip()}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "BIN", Path(found.stdout.strip()))
        primary = OfMajor(directory, f"primary-{request.param}").initialise()
        servers = [primary]
        try:
            primary.configure(**SETTINGS)
            primary.start()
            primary.psql(OBJECTS)
            primary.psql("select pg_create_physical_replication_slot('standby', true)")
            servers.append(primary.standby(directory, f"standby-{request.param}"))
            servers[1].configure(primary_slot_name="standby", hot_standby_feedback="on", **SETTINGS)
            servers[1].start()
            caught_up = "select pg_last_wal_replay_lsn() is not null"
            wait_until(lambda: servers[1].psql(caught_up) == "t", what="replay")
            yield servers
        finally:
            for server in reversed(servers):
                server.remove()


@pytest.mark.parametrize("user", ["monitor", "plain", "postgres"])
def test_definitions_and_columns_agree(pair, user):
    servers = [x for server in pair for x in ("--against", server.url("app", user))]
    command = [BINARY, "--lint", *servers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(", 0 faults") == len(pair)


def asked(server, user):
    return catalogue.Server(server.url("app", user))


@pytest.mark.parametrize("user", ["monitor", "plain", "postgres"])
def test_every_query_delivers_rows_that_can_be_shown(pair, user):
    wrong = []
    for server in pair:
        server = asked(server, user)
        for name, definition in DEFINITIONS.items():
            found, _ = catalogue.check(definition, server, times=False)
            wrong += [f"{name} on {server}: {fault}" for fault in found]
    # A role that may not look is shown standbys without their states, as ever.
    if user == "plain":
        wrong = [one for one in wrong if not one.endswith("a label is NULL")]
    assert not wrong


def rows(server, name, user="monitor"):
    """What a query of the catalogue delivers, a dict of texts per row."""
    sql, why = catalogue.variant(DEFINITIONS[name], asked(server, user))
    assert sql, why
    return server.rows(f"set search_path = pg_catalog;\n{sql}", "app", user)


def test_who_waits_for_whom(pair):
    sessions = [pair[0].session("app") for _ in range(3)]
    sessions[0].run("begin; lock table used")
    sessions[1].run("begin; lock table toasted")
    sessions[1].send("select count(*) from used")
    sessions[2].send("select count(*) from toasted")
    try:
        wait_until(lambda: rows(pair[0], "pg_blocking")[0]["blocked"] == "2", what="waiting")
        row = rows(pair[0], "pg_blocking")[0]
        assert (row["blockers"], row["depth"]) == ("2", "2")
        assert 0 <= float(row["longest"]) < 300
        locks = [r for r in rows(pair[0], "pg_locks") if r["datname"] == "app"]
        assert sum(int(r["not_granted"]) for r in locks) == 2
        waits = {(r["wait_event_type"], r["wait_event"]): r for r in rows(pair[0], "pg_stat_activity_wait_events")}
        assert waits["Lock", "relation"]["sessions"] == "2"
    finally:
        for session in sessions:
            session.close()
    wait_until(lambda: rows(pair[0], "pg_blocking")[0]["blocked"] == "0", what="nobody waits")
    assert rows(pair[0], "pg_blocking")[0]["depth"] == "0"


def test_who_holds_the_horizon(pair):
    held = {row["holder"]: int(row["age"]) for row in rows(pair[0], "pg_xmin_horizon")}
    assert set(held) == {
        "backend", "walsender", "prepared_xact", "replication_slot", "replication_slot_catalog",
    }
    pair[0].psql("begin; insert into used (a) values (2); prepare transaction 'old'", "app")
    session = pair[0].session("app")
    session.run("begin isolation level repeatable read; select 1")
    try:
        for _ in range(20):
            pair[0].psql("insert into used (a) values (3)", "app")
        held = {row["holder"]: int(row["age"]) for row in rows(pair[0], "pg_xmin_horizon")}
        assert held["prepared_xact"] >= 20
        assert held["backend"] >= 20
        assert rows(pair[0], "pg_prepared_xacts")[0]["count"] == "1"
        assert int(rows(pair[0], "pg_prepared_xacts")[0]["oldest_age_xids"]) >= 20
        open_ones = [
            row for row in rows(pair[0], "pg_stat_activity")
            if (row["datname"], row["state"]) == ("app", "idle in transaction")
        ]
        assert open_ones[0]["connections"] == "1"
        assert open_ones[0]["transaction_age"].count(",") == 0
        assert float(open_ones[0]["transaction_age"].strip("{}")) == pytest.approx(
            float(open_ones[0]["max_tx_duration"])
        )
    finally:
        session.close()
        pair[0].psql("rollback prepared 'old'", "app")


def test_slots_and_who_uses_them(pair):
    slots = {row["slot_name"]: row for row in rows(pair[0], "pg_replication_slots")}
    assert slots["standby"]["active"] == "1" and slots["decoded"]["active"] == "0"
    assert slots["decoded"]["database"] == "app"
    assert int(slots["decoded"]["retained"]) > 0
    assert slots["decoded"]["wal_status"] == "reserved"
    assert slots["standby"]["catalog_xmin_age"] is None
    [sender] = [r for r in rows(pair[0], "pg_stat_replication_lag") if r["slot_name"] == "standby"]
    assert sender["state"] == "streaming" and int(sender["behind"]) >= 0
    pair[1].psql("select pg_wal_replay_pause()")
    try:
        pair[0].psql("create table written as select generate_series(1, 1000)", "app")
        [sender] = [
            r for r in rows(pair[0], "pg_stat_replication_lag") if r["slot_name"] == "standby"
        ]
        assert int(sender["behind"]) > 10000
    finally:
        pair[1].psql("select pg_wal_replay_resume()")


def test_sequences_and_indexes(pair):
    [sequence] = rows(pair[0], "pg_sequence", "postgres")
    assert (sequence["schemaname"], sequence["sequencename"]) == ("public", "used_id_seq")
    assert float(sequence["used"]) == pytest.approx(30000 / 32767, rel=0.01)
    health = {row["problem"]: row for row in rows(pair[0], "pg_index_health")}
    assert health["redundant"]["indexes"] == "1"
    assert health["invalid"]["indexes"] == "0"
    pair[0].psql("update pg_index set indisvalid = false where indexrelid = 'used_note'::regclass", "app")
    try:
        health = {row["problem"]: row for row in rows(pair[0], "pg_index_health")}
        assert health["invalid"]["indexes"] == "1"
    finally:
        pair[0].psql("update pg_index set indisvalid = true where indexrelid = 'used_note'::regclass", "app")


def test_settings_are_those_of_the_server(pair):
    [row] = rows(pair[0], "pg_settings")
    for name, value in row.items():
        wanted = pair[0].psql(f"select setting from pg_settings where name = '{name}'")
        if value is None:
            assert wanted == ""
            continue
        unit, kind = (
            pair[0].psql(f"select unit, vartype from pg_settings where name = '{name}'").split("|")
            if wanted else ("", "")
        )
        if kind == "bool":
            assert value == ("1" if wanted == "on" else "0"), name
        elif not unit:
            assert float(value) == float(wanted or 0), name
        else:
            shown = pair[0].psql(f"select current_setting('{name}')")
            if wanted == "-1":
                assert value == "-1", name
            elif unit.endswith("B"):
                assert value == pair[0].psql(f"select pg_size_bytes('{shown}')"), name
            else:
                seconds = pair[0].psql(f"select extract(epoch from '{shown}'::interval)")
                assert float(value) == float(seconds), name


# A family, its labels, and the SQL that says so in the views' own words.
VALUES = [
    ("pg_stat_database_xact_rollback", "datname", "select datname, xact_rollback from pg_stat_database"
     " where datname = 'app'"),
    ("pg_stat_database_deadlocks", "datname", "select datname, deadlocks from pg_stat_database"
     " where datname = 'app'"),
    ("pg_stat_user_tables_n_live_tup", "relname", "select relname, n_live_tup from pg_stat_user_tables"
     " where relname in ('used', 'toasted')"),
    ("pg_stat_user_tables_seq_scan", "relname", "select relname, seq_scan from pg_stat_user_tables"
     " where relname in ('used', 'toasted')"),
    ("pg_statio_user_tables_heap_blks_hit", "relname", "select relname, heap_blks_hit"
     " from pg_statio_user_tables where relname in ('used', 'toasted')"),
    ("pg_stat_activity_connections", "state", "select 'idle in transaction', count(*)"
     " from pg_stat_activity where datname = 'app' and state = 'idle in transaction'"),
    ("pg_replication_is_replica", None, "select null, pg_is_in_recovery()::int"),
    ("pg_replication_slots_active", "slot_name", "select slot_name, active::int"
     " from pg_replication_slots"),
    ("pg_postmaster_start_time_seconds", None,
     "select null, extract(epoch from pg_postmaster_start_time())"),
    ("pg_settings_max_connections", None, "select null, current_setting('max_connections')"),
    ("pg_locks_not_granted", "mode", "select 'exclusivelock', 0"),
    ("pg_prepared_xacts_count", None, "select null, count(*) from pg_prepared_xacts"),
]  # fmt: skip


def told_by_psql(server):
    """[(family, labels, value)]"""
    found = []
    for family, label, sql in VALUES:
        for row in server.psql(sql, "app").splitlines():
            key, value = row.split("|")
            labels = {label: key} if label else {}
            if label in ("state", "mode"):
                labels["datname"] = "app"
            found.append((family, labels, float(value)))
    return found


def test_a_daemon_polls_it(pair, watch):
    """Without an error of any query, and with the values that psql sees."""
    backends = [backend(name, server) for name, server in zip(("one", "two"), pair)]
    daemon = watch(backends, user="monitor", database="app", collect={"sets": SETS})
    daemon.wait_up("one", "two")
    for name, server in zip(("one", "two"), pair):
        told = told_by_psql(server)
        assert len(told) >= len(VALUES) - 1

        def all_there(page):
            return all(page.find(family, backend=name, **labels) for family, labels, _ in told)

        daemon.wait_for(all_there, what=f"all families of {name}")
        page = daemon.wait_polls(name, 2)
        for family, labels, value in told:
            shown = page.value(family, backend=name, **labels)
            assert shown == pytest.approx(value), (name, family, labels)
    for family in ("pg_query_error", "pg_query_timeout", "pg_NaN_error"):
        assert not [one for one in page.find(family) if one[1]], family


def test_other_databases_are_visited(pair, watch):
    """The same of both: each watches postgres, and visits app."""
    backends = [backend(name, server, databases={"interval": 300})
                for name, server in zip(("one", "two"), pair)]
    daemon = watch(backends, user="monitor", database="postgres", collect={"sets": SETS})
    for name, server in zip(("one", "two"), pair):
        page = daemon.wait_for(
            lambda page: page.find("pg_stat_user_tables_seq_scan", backend=name, datname="app", relname="used"),
            what=f"app of {name}",
        )
        assert page.value("pgstatsmon_database_up", backend=name, datname="app") == 1
    page = daemon.wait_polls("two", 3)
    for family in ("pg_query_error", "pg_query_timeout", "pg_NaN_error"):
        assert not [one for one in page.find(family) if one[1]], family
