"""What watching may cost a server: the dear query is asked less often, and its values stay."""

import json

from harness.console import say
from harness.daemon import backend, polls
from harness.queries import write_queries

# Its value is when it was asked.
SLOW = (
    "SELECT pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())"
    " + pg_catalog.length(pg_catalog.pg_sleep(0.05)::pg_catalog.text) AS n"
)


def plan_of(daemon):
    rows = json.loads(daemon.get("/api/v1/backends/one").body)["plan"]
    return {row["query"]: row["stretch"] for row in rows}


def test_the_dear_query_waits_and_the_other_does_not(primary, watch, directory):
    queries = write_queries(directory / "slow", slow=SLOW, quick="SELECT 2 AS n")
    daemon = watch(
        [backend("one", primary)], interval=1000, queries=str(queries), budget={"server": "1%"}
    )
    page = daemon.wait_for(
        lambda page: page.value("pgstatsmon_backend_stretched_queries", backend="one") == 1,
        what="one query is asked less often",
    )
    # 50 ms a second are five times what it may take; a busy machine sleeps longer.
    plan = plan_of(daemon)
    assert plan["slow"] in (8, 16, 32) and plan["quick"] is None, plan
    assert 0 < page.value("pgstatsmon_backend_budget_used_ratio", backend="one") < 1
    asked = set()
    start = polls(page, "one")
    while polls(page, "one") < start + 18:
        page = daemon.wait_polls("one", 1)
        asked.add(page.value("slow_n", backend="one"))
        assert page.value("quick_n", backend="one") == 2
    assert None not in asked
    times = sorted(asked)
    assert all(b - a > 7 for a, b in zip(times, times[1:])), times
    assert f"{plan_of(daemon)['slow']} times" in say(daemon, "plan", "one")


def test_off_is_off(primary, watch, directory):
    queries = write_queries(directory / "free", slow=SLOW)
    daemon = watch(
        [backend("one", primary, budget={"server": "off"})],
        interval=200,
        queries=str(queries),
        budget={"server": "1%"},
    )
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 10)
    assert page.value("pgstatsmon_backend_stretched_queries", backend="one") == 0
    assert plan_of(daemon) == {"slow": None}


def test_what_reading_results_takes_of_us(primary, watch, directory):
    """Of a query with many rows that cost the server little."""
    many = "SELECT x::text AS i, x AS n FROM pg_catalog.generate_series(1, 10000) x"
    queries = write_queries(directory / "many", quick="SELECT 2 AS n", many=many)
    file = queries / "many.yaml"
    file.write_text(file.read_text().replace("metrics:", "labels: [i]\nmetrics:"))
    daemon = watch([backend("one", primary)], interval=500, queries=str(queries),
                   budget={"server": "off", "own": "0.5%"})
    page = daemon.wait_for(
        lambda page: page.value("pgstatsmon_backend_stretched_queries", backend="one") == 1,
        what="one query is asked less often",
    )
    assert page.value("pgstatsmon_backend_own_budget_used_ratio", backend="one") > 0
    plan = plan_of(daemon)
    assert plan["many"] >= 2 and plan["quick"] is None, plan
    daemon.wait_polls("one", 3)
    assert len(daemon.scrape().find("many_n")) == 10000
