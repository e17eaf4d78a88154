"""An extension that comes, changes and goes while its server is watched, and one that forgets."""

import pytest
from harness.console import reconnect, say
from harness.daemon import BY_ORDER, backend
from harness.queries import at_each_poll

CALLS = "pg_stat_statements_calls_total"
SETS = {"sets": ["statements"]}
ROWS = 20


@pytest.fixture(scope="module")
def server(cluster):
    result = cluster("statements")
    result.configure(**{"shared_preload_libraries": "pg_stat_statements",
                        "pg_stat_statements.max": "100"})
    result.start()
    result.role()
    return result


@pytest.fixture
def queries(directory):
    """The shipped definitions, with less room on the page than the server has entries."""
    at = at_each_poll(directory / "statements", "pg_stat_statements", "pg_stat_statements_info")
    file = at / "pg_stat_statements.yaml"
    file.write_text(file.read_text().replace("max_rows: 100", f"max_rows: {ROWS}"))
    return str(at)


def test_created_updated_and_dropped(server, watch, queries):
    """Its series come, stay and go; nothing of that is a failure, or worth more than a line."""
    daemon = watch([backend("one", server)], queries=queries, collect=SETS)
    page = daemon.wait_polls("one", 2)
    assert not page.find(CALLS)
    # The newest version has other columns than this one.
    server.psql("create extension pg_stat_statements version '1.7'")
    reconnect(daemon, "one")
    page = daemon.wait_for(lambda page: page.find(CALLS))
    assert not page.find("pg_stat_statements_info_entries")
    # From here on nobody tells the daemon to look.
    server.psql("alter extension pg_stat_statements update")
    page = daemon.wait_for(lambda page: page.find("pg_stat_statements_info_entries"))
    daemon.wait_for(lambda page: page.find(CALLS))
    server.psql("create schema elsewhere; grant usage on schema elsewhere to public;"
                " alter extension pg_stat_statements set schema elsewhere")
    daemon.wait_polls("one", 2)
    daemon.wait_for(lambda page: page.find(CALLS))
    server.psql("drop extension pg_stat_statements")
    daemon.wait_for(lambda page: not page.find(CALLS))
    page = daemon.wait_polls("one", 3)
    for family in ("pg_query_error", "pg_query_timeout", "pgstatsmon_backend_failures_total"):
        assert page.total(family, backend="one") == 0, family
    assert page.value("pg_up", backend="one") == 1
    assert not daemon.lines("backend one", " warn ") and not daemon.lines("pg_stat_statements")


def statement(n):
    """One of two thousand; it is another one for the server, which forgets about constants."""
    return "select " + " + ".join(["abs(1)"] * (n % 45 + 1) + ["sqrt(4)"] * (n // 45 + 1)) + ";"


def test_more_statements_than_it_remembers(server, watch, queries):
    """The page stays bounded, and no counter falls while two thousand statements come and go."""
    server.psql("create extension if not exists pg_stat_statements")
    daemon = watch([backend("one", server)], queries=queries, collect=SETS, interval=BY_ORDER)
    daemon.wait_for(lambda page: page.state("pgstatsmon_backend_state", backend="one") == "ready")
    say(daemon, "poll", "one")
    session = server.session()
    seen = {}
    members = set()
    for first in range(0, 2000, 50):
        chunk = "".join(statement(n) for n in range(first, first + 50))
        # Who grows between two looks is shown.
        for _ in range(2):
            session.run(chunk)
            say(daemon, "poll", "one")
        page = daemon.scrape()
        rows = page.find(CALLS, backend="one")
        assert len(rows) <= ROWS + 1
        members |= {labels["queryid"] for labels, _ in rows}
        for family, labels, value in page.samples:
            if family.startswith("pg_stat_statements_") and family.endswith("_total"):
                key = family, tuple(sorted(labels.items()))
                assert value >= seen.get(key, 0), key
                seen[key] = value
    assert page.value("pg_stat_statements_info_dealloc_total", backend="one") > 10
    assert page.value(CALLS, backend="one", datname="other", queryid="other") > 0
    assert len(members) > 5 * ROWS
    assert page.total("pg_query_error", backend="one") == 0
    session.close()
    server.sessions.remove(session)
