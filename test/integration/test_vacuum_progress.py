"""A vacuum is on the page while it runs, and not a poll longer."""

from harness.contract import VACUUM_PROGRESS
from harness.daemon import backend


def test_a_running_vacuum(primary, watch):
    primary.psql("create database other")
    for database in ("postgres", "other"):
        primary.psql("create table big as select generate_series(1, 50000) as id", database)
    daemon = watch([backend("primary", primary)])
    daemon.wait_up("primary")
    name = "pg_stat_progress_vacuum_heap_blks_total"
    assert not daemon.wait_polls("primary", 1).find(name)

    sessions = []
    for database in ("postgres", "other"):
        session = primary.session(database)
        session.run("set vacuum_cost_delay = 100; set vacuum_cost_limit = 1")
        session.send("vacuum big")
        sessions.append(session)
    page = daemon.wait_for(lambda page: page.find(name), what="the vacuum is seen")

    labels = {"schemaname": "public", "relname": "big", "vacuum_mode": "manual_vacuum"}
    blocks = int(primary.psql("select pg_relation_size('big') / 8192"))
    # One series: the vacuum of the other database is not attributed to a table of this one.
    assert page.find(name) == [({"backend": "primary", **labels}, blocks)]
    assert page.value("pg_stat_progress_vacuum_phase", **labels) == 2  # scanning heap, from 1
    assert page.value("pg_stat_progress_vacuum_heap_blks_scanned", **labels) <= blocks
    assert all(len(page.find(family)) == 1 for family in VACUUM_PROGRESS)

    primary.psql("select pg_cancel_backend(pid) from pg_stat_progress_vacuum")
    daemon.wait_for(lambda page: not page.find(name), what="the vacuum is gone")
