"""Queries whose rows are events: samples of sessions, and what is defined in databases."""

from pathlib import Path

from harness.daemon import backend
from harness.waiting import wait_until
from test_events import events, wait_for_events

SHIPPED = Path(__file__).parents[2] / "config" / "queries"


def test_samples_of_sessions(primary, watch, directory):
    """Who is at work and who is in his way; no text of a statement, and no series."""
    primary.psql("create table guarded (a int)")
    holder, waiter = primary.session(), primary.session()
    holder_pid, waiter_pid = (int(x.run("select pg_backend_pid()")) for x in (holder, waiter))
    holder.run("begin; lock table guarded")
    waiter.send("select 'a secret' from guarded")
    path = directory / "samples.json"
    daemon = watch([backend("one", primary)], events={"file": str(path)}, interval=500,
                   collect={"sets": ["core", "samples"]})
    daemon.wait_up("one")

    def of(pid):
        return [x for x in events(path, "row_seen")
                if x["query"] == "pg_stat_activity_samples" and x["row"]["pid"] == pid]

    def waits():
        return [x["row"] for x in of(waiter_pid) if x["row"]["wait_event_type"] == "Lock"]

    wait_until(lambda: waits() and of(holder_pid), what="who waits and who is in his way")
    row = waits()[0]
    assert (row["database"], row["role"], row["state"]) == ("postgres", "postgres", "active")
    assert row["blockers"] == str(holder_pid)
    assert row["statement_seconds"] >= 0
    assert of(holder_pid)[0]["row"]["state"] == "idle in transaction"
    system = primary.psql("SELECT system_identifier FROM pg_control_system()")
    assert {x.get("cluster") for x in of(waiter_pid)[1:]} <= {system}
    assert "secret" not in path.read_text()
    # Nothing of it is in the log or on the page.
    assert not daemon.lines("pg_stat_activity_samples")
    assert not [x for x in daemon.scrape().types if x.startswith("pg_stat_activity_samples")]


def changes(path, database):
    return [(x["event"], x["row"]["kind"], x["row"]["object"])
            for x in events(path, "row_added", "row_changed", "row_removed")
            if x["database"] == database]


def test_what_is_defined_in_every_database(cluster, watch, directory):
    server = cluster("defined").start()
    server.role()
    server.psql("create database crm")
    for database in ("postgres", "crm"):
        server.psql("create table kept (a int); create table dropped (a int);"
                    " create function f() returns int language sql as 'select 1'", database)
    home = directory / "definitions"
    home.mkdir()
    shipped = (SHIPPED / "pg_object_changes.yaml").read_text()
    (home / "changes.yaml").write_text(shipped.replace("every: 10m", "every: 1s"))
    path = directory / "changes.json"
    daemon = watch([backend("one", server, databases={"include": ["crm"], "interval": 1000})],
                   events={"file": str(path)}, interval=1000, queries=str(home),
                   collect={"sets": ["changes"]})
    daemon.wait_up("one")
    daemon.wait_for(lambda page: page.value("pgstatsmon_database_up", backend="one", datname="crm"))
    for database in ("postgres", "crm"):
        daemon.wait_polls("one", 3)
        assert changes(path, database) == [], "what was there is no change"
        server.psql("alter table kept add b int; drop table dropped; create view v as select 1 as a;"
                    " create or replace function f() returns int language sql as 'select 2'", database)
        wanted = {("row_changed", "table", "kept"), ("row_removed", "table", "dropped"),
                  ("row_added", "view", "v"), ("row_changed", "function", "f()")}
        wait_until(lambda: set(changes(path, database)) >= wanted, what=f"changes of {database}")
        assert set(changes(path, database)) == wanted
        # What writes without defining is none.
        server.psql("insert into kept select 1, 2 from generate_series(1, 1000)", database)
        server.psql("vacuum full kept", database)
        server.psql("analyze", database)
        daemon.wait_polls("one", 3)
        assert len(changes(path, database)) == len(wanted)
    assert daemon.lines("table public kept has changed")
