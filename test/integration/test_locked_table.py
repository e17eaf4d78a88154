"""A table locked in ACCESS EXCLUSIVE hides nothing but itself."""

import time

from harness.catalogue import ORIGINAL
from harness.daemon import backend, polls
from harness.queries import at_each_poll


def sizes(page):
    return {labels["relname"] for labels, _ in page.find("pg_relation_size_total_bytes")}


def test_locked_table(primary, watch, directory):
    primary.psql("create table locked (id int primary key, note text)")
    primary.psql("create table free (id int primary key, note text)")
    queries = str(at_each_poll(directory / "original", *ORIGINAL))
    daemon = watch([backend("primary", primary)], queries=queries,
                   connections={"query_timeout": 1000})
    daemon.wait_up("primary")
    assert {"locked", "free"} <= sizes(daemon.wait_polls("primary", 1))

    locker = primary.session()
    locker.run("begin")
    locker.run("lock table locked in access exclusive mode")
    daemon.wait_polls("primary", 2)
    most = 0
    start = time.monotonic()
    first = polls(daemon.scrape(), "primary")

    def watched(page):
        nonlocal most
        most = max(most, primary.sessions_of())
        return polls(page, "primary") >= first + 8

    page = daemon.wait_for(watched, 30)
    assert most == 1
    # Polls come at their pace: nothing waits for the lock.
    assert time.monotonic() - start < 8 * 0.2 + 2
    assert "free" in sizes(page) and "locked" not in sizes(page)
    for name in ("pg_stat_user_tables_n_live_tup", "pg_statio_user_tables_heap_blks_hit"):
        assert page.find(name, relname="free"), name
    assert page.find("pg_stat_bgwriter_buffers_alloc")
    assert page.value("pg_up") == 1
    assert page.total("pg_query_error") == 0
    assert page.total("pg_query_timeout") == 0

    locker.run("rollback")
    assert {"locked", "free"} <= sizes(daemon.wait_polls("primary", 2))


def test_locked_index_and_toast(primary, watch):
    """What waits for the lock behind a reader is as much an obstacle as the lock itself."""
    primary.psql("create table read (id int primary key, note text)")
    primary.psql("create table fine (id int)")
    daemon = watch([backend("primary", primary)], connections={"query_timeout": 1000})
    daemon.wait_up("primary")
    reader, changer = primary.session(), primary.session()
    reader.run("begin; select count(*) from read")
    changer.send("alter table read add column more int")
    page = daemon.wait_polls("primary", 4)
    assert "fine" in sizes(page)
    assert page.value("pg_up") == 1
    assert page.total("pgstatsmon_backend_failures_total") == 0
    reader.run("rollback")
    changer.finish()
