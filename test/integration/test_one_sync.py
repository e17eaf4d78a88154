"""The queries of a poll share a transaction, and nothing that one of them does is another's."""

import json

import pytest
from harness.console import client, path_of
from harness.daemon import BY_ORDER, backend
from harness.queries import write_queries

WELL = [f"w{i}" for i in range(9)]

# Each fails while there is a table of its name; none names a schema, so all may share a Sync.
THERE = "(SELECT count(*)::integer FROM pg_class WHERE relname = '{}')"
RUNTIME = "SELECT 1 / (1 - " + THERE.format("runtime") + ") AS n"
SLEEP = "SELECT 1 AS n FROM pg_sleep(10 * " + THERE.format("sleep") + ")"
LOCKED = "SELECT count(*) AS n FROM pg_largeobject_metadata"


def timeline(daemon):
    return {x["query"]: x for x in json.loads(daemon.get("/api/v1/backends/one").body)["last_poll"]}


@pytest.fixture(scope="module")
def locker(primary):
    session = primary.session()
    yield session
    session.close()


def failures(page):
    found = page.find("pg_query_error") + page.find("pg_query_timeout")
    return {labels["query"] for labels, value in found if value}


def all_there(page):
    return all(page.value(f"{name}_n", backend="one") == 1 for name in WELL)


def test_three_of_twelve_fail_from_the_first_poll_on(primary, watch, directory, locker):
    queries = write_queries(
        directory / "from-the-first", syntax="SELEC", sleep="SELECT pg_sleep(10) AS n", locked=LOCKED,
        **{name: "SELECT 1 AS n" for name in WELL},
    )
    locker.run("begin; lock table pg_largeobject_metadata in access exclusive mode")
    daemon = watch([backend("one", primary)], queries=str(queries), interval=BY_ORDER,
                   connections={"query_timeout": 600})
    page = daemon.wait_for(lambda page: page.find("w8_n"))
    locker.run("rollback")
    assert all_there(page)
    assert failures(page) == {"syntax", "sleep", "locked"}
    assert timeline(daemon)["locked"]["result"] == "55P03"
    assert timeline(daemon)["sleep"]["result"] == "57014"
    assert page.value("pgstatsmon_poll_duration_seconds_count", backend="one") == 1
    client(path_of(daemon), "poll", "one")
    page = daemon.wait_for(lambda page: page.find("locked_n"))
    assert all_there(page)
    daemon.stop()


def test_what_begins_to_fail_takes_nobody_along(primary, watch, directory, locker):
    queries = write_queries(
        directory / "begins", a_runtime=RUNTIME, m_sleep=SLEEP, w5_locked=LOCKED,
        **{name: "SELECT 1 AS n" for name in WELL},
    )
    daemon = watch([backend("one", primary)], queries=str(queries), interval=500,
                   connections={"query_timeout": 800})
    daemon.wait_up("one")
    daemon.wait_polls("one", 3)
    wanted = {"a_runtime": "22012", "m_sleep": "57014", "w5_locked": "55P03"}
    primary.psql("begin; create table sleep (); create table runtime (); commit")
    locker.run("begin; lock table pg_largeobject_metadata in access exclusive mode")

    def check(page):
        asked = timeline(daemon)
        assert {asked[name]["result"] for name in WELL} == {"ok"}
        return {name: asked[name]["result"] for name in wanted} == wanted

    page = daemon.wait_for(check)
    assert page.value("pg_up", backend="one") == 1
    locker.run("rollback")
    primary.psql("drop table runtime, sleep")
    page = daemon.wait_polls("one", 3)
    asked = timeline(daemon)
    assert {x["result"] for x in asked.values()} == {"ok"}
    assert failures(page) == set(wanted)
    assert page.value("pgstatsmon_backend_connects_total", backend="one") == 1
    polled = page.value("pgstatsmon_poll_duration_seconds_count", backend="one")
    for name in WELL:
        # Each was answered once a poll, however often it was sent.
        answers = page.value("pgstatsmon_query_answers_total", backend="one", query=name)
        assert polled - 1 <= answers <= polled + 1
    daemon.stop()
