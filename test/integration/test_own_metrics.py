"""own_metrics: how much the page has of what we count about a backend ourselves."""

import json
import signal

import pytest
from harness.daemon import backend, merged
from harness.network import address, free_port

ORIGINAL = "pg_stat_database"
LAST = "pgstatsmon_backend_last_success_timestamp_seconds"
OWN = ("pgstatsmon_", "pg_up", "pg_query_", "pg_connect_", "pg_NaN_")


def own_lines(page, name):
    """Lines about a backend that are not rows of its queries."""
    return [
        line
        for line in page.text.splitlines()
        if f'{{backend="{name}"' in line and (line.startswith(OWN) or "_querytime_ms" in line)
    ]


def histograms(page, name):
    """The queries that have one."""
    return {x.split("_querytime_ms")[0] for x in own_lines(page, name) if "_querytime_ms" in x}


def wait_polled(daemon):
    """Waits for one poll more; returns the page."""
    last = daemon.wait_up("one").value(LAST, backend="one")
    return daemon.wait_for(lambda page: page.value(LAST, backend="one") > last)


@pytest.mark.parametrize("value", ["full", "contract", "minimal"])
def test_the_page_has_what_was_asked_for(primary, watch, value):
    daemon = watch(
        [backend("one", primary), {"name": "gone", "ip": address(), "port": free_port()}],
        own_metrics=value,
    )
    page = wait_polled(daemon)
    assert page.value("pgstatsmon_query_duration_seconds_count", query=ORIGINAL) >= 1
    seen = histograms(page, "one")
    assert (ORIGINAL in seen) == (value != "minimal")
    assert bool(page.find("pgstatsmon_backend_setup", backend="one")) == (value != "minimal")
    assert page.value("pg_up", backend="gone") == 0
    if value == "full":
        assert len(seen) > 40
        assert len(own_lines(page, "gone")) > 500
        return
    assert len(seen) == (11 if value == "contract" else 0)
    assert len(own_lines(page, "gone")) < 12
    zeros = [x for x in own_lines(page, "one") if x.startswith("pg_NaN_error") and x.endswith(" 0")]
    assert bool(zeros) == (value == "contract")


def test_a_reload_follows_the_option(primary, watch):
    daemon = watch([backend("one", primary)])
    seen = [len(own_lines(wait_polled(daemon), "one"))]
    for value, grows in [("full", True), ("minimal", False), ("contract", True)]:
        daemon.config = merged(daemon.config, {"own_metrics": value})
        daemon.file.write_text(json.dumps(daemon.config))
        daemon.process.send_signal(signal.SIGHUP)
        page = daemon.wait_for(
            lambda page, grows=grows: abs(len(own_lines(page, "one")) - seen[-1]) > 50
            and (len(own_lines(page, "one")) > seen[-1]) == grows
        )
        seen.append(len(own_lines(page, "one")))
        assert page.value("pgstatsmon_backend_connects_total", backend="one") == 1
    full, minimal, contract = seen[1:]
    assert minimal < contract < full / 2
    assert not daemon.lines("takes effect after a restart")
