"""A query takes as long as the server says it does, whatever we and it do meanwhile."""

import json
import os
import statistics
import subprocess

import pytest
from harness import process
from harness.daemon import backend
from harness.queries import write_queries
from harness.waiting import wait_until

# With the text that pg_stat_statements makes of each.
QUERIES = {
    "a_sleep": ("SELECT 1 AS n FROM pg_sleep(0.02)", "SELECT $1 AS n FROM pg_sleep($2)"),
    "b_quick": ("SELECT 1 AS n", "SELECT $1 AS n"),
    # Keeps no rows: pg_stat_statements leaves out what it takes to free them.
    "c_count": ("SELECT count(*) AS n FROM (SELECT generate_series(1, 20000)) AS x",
                "SELECT count(*) AS n FROM (SELECT generate_series($1, $2)) AS x"),
    "d_quick": ("SELECT length('x') AS n", "SELECT length($1) AS n"),
    "e_short": ("SELECT max(1) AS n FROM pg_sleep(0.004)", "SELECT max($1) AS n FROM pg_sleep($2)"),
}
QUICK = ["b_quick", "d_quick"]
POLLS = 80

EXECUTED = """select query, calls, total_plan_time + total_exec_time as ms from pg_stat_statements
               where userid = 'pgstatsmon'::regrole"""


@pytest.fixture(scope="module")
def server(cluster):
    server = cluster("timed")
    server.configure(**{"shared_preload_libraries": "pg_stat_statements",
                        "pg_stat_statements.track_planning": "on"})
    server.start()
    server.role()
    server.psql("create extension pg_stat_statements")
    return server


@pytest.fixture(params=["idle", "busy"])
def load(request):
    """Nothing, or two busy loops a core."""
    count = 2 * os.cpu_count() if request.param == "busy" else 0
    loops = [process.spawn(["bash", "-c", "while :; do :; done"], stdin=subprocess.DEVNULL)
             for _ in range(count)]
    yield request.param
    for loop in loops:
        process.stop(loop)


def told_by_server(server):
    """Of each query: how often it ran and how long it took, ms."""
    told = {x["query"]: (int(x["calls"]), float(x["ms"])) for x in server.rows(EXECUTED)}
    return {name: told[text] for name, (_, text) in QUERIES.items()}


def told_by_us(page):
    families = "pgstatsmon_query_answers_total", "pgstatsmon_query_seconds_total"
    found = {name: [page.value(x, backend="one", query=name) for x in families] for name in QUERIES}
    return {name: (answers, seconds * 1000) for name, (answers, seconds) in found.items()}


def mean(first, last):
    return {name: (last[name][1] - first[name][1]) / (last[name][0] - first[name][0])
            for name in QUERIES}


def timelines(daemon):
    """Of several polls."""
    found = {}

    def look():
        poll = json.loads(daemon.get("/api/v1/backends/one").body)["last_poll"]
        found[tuple(x["done_seconds"] for x in poll)] = {x["query"]: x for x in poll}
        return len(found) >= POLLS

    wait_until(look, 120, "polls")
    return list(found.values())


def test_times_are_the_servers(server, watch, directory, load):
    queries = write_queries(directory / load, **{name: sql for name, (sql, _) in QUERIES.items()})
    daemon = watch([backend("one", server)], queries=str(queries), interval=100)
    daemon.wait_up("one")
    first = told_by_us(daemon.wait_polls("one", 3)), told_by_server(server)
    polls = timelines(daemon)
    last = told_by_us(daemon.scrape()), told_by_server(server)
    daemon.stop()
    ours, theirs = (mean(x, y) for x, y in zip(first, last))
    middle = {name: statistics.median(x[name]["server_seconds"] * 1000 for x in polls)
              for name in QUERIES}
    print(*(f"{name}: {ours[name]:.3f} ms, median {middle[name]:.3f}, the server {theirs[name]:.3f}"
            for name in QUERIES), sep="\n")
    for name in QUERIES:
        # A process that has to wait for a core between two statements does so rarely, and for long.
        found = middle[name] if name in QUICK else ours[name]
        assert abs(found - theirs[name]) <= max(0.1 * theirs[name], 0.05), name
    for poll in polls:
        assert poll["a_sleep"]["server_seconds"] >= 0.02
        assert poll["e_short"]["server_seconds"] >= 0.004
        assert all(0 <= x["server_seconds"] <= x["done_seconds"] for x in poll.values())
