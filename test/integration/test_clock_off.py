"""Servers whose clocks are off, and what the shipped rules say of them."""

import pytest
from harness.alerts import LOUD, labels_of
from harness.daemon import backend
from harness.postgres import Postgres
from harness.prometheus import Prometheus
from harness.quick_rules import quick_rules
from harness.waiting import PATIENCE, wait_until

OFFSET = "pgstatsmon_backend_clock_offset_seconds"


@pytest.fixture
def servers(directory):
    """No two of one cluster."""
    found = {}
    try:
        for name, seconds in (("ahead", 90), ("behind", -90), ("right", 0)):
            found[name] = Postgres(directory, name).initialise()
            if seconds:
                found[name].live_in(seconds)
            found[name].start().role()
        yield found
    finally:
        for server in found.values():
            server.remove()


def test_clocks_that_are_off(servers, watch, directory):
    daemon = watch([backend(name, server) for name, server in servers.items()], interval=500)
    daemon.wait_up(*servers)
    page = daemon.wait_for(lambda page: len(page.find(OFFSET)) == 3)
    assert 89 < page.value(OFFSET, backend="ahead") < 91
    assert -91 < page.value(OFFSET, backend="behind") < -89
    assert abs(page.value(OFFSET, backend="right")) < 1
    with Prometheus(directory, daemon, files=quick_rules(directory / "rules"),
                    every="500ms") as prometheus:

        def firing():
            return sorted((x["alertname"], x.get("backend"))
                          for x in map(labels_of, prometheus.query(LOUD)))

        wait_until(lambda: len(firing()) == 2, PATIENCE, firing, every=0.2)
        told = {x["labels"].get("backend"): x["annotations"]["summary"]
                for x in prometheus.ask("alerts")["alerts"] if x["state"] == "firing"}
        for name in ("ahead", "behind"):
            assert told[name].startswith(f"The clock of {name} is 1m "), told
        # Ages on these servers are reckoned by their own clocks: nothing else is amiss.
        daemon.wait_polls("right", 20)
        assert firing() == [("PostgresClockOff", "ahead"), ("PostgresClockOff", "behind")]
