"""Sessions that are watched more closely: `activity`."""

import time

from harness.daemon import backend


def asked(server, text):
    """How often the server executed a statement; each is logged once it is done."""
    return server.log().count(text)


def test_samples_between_polls(cluster, watch):
    server = cluster("sampled")
    server.configure(log_min_duration_statement="0")
    server.start()
    server.role()
    daemon = watch([backend("one", server, activity={"sample": "200ms"})], interval=3000,
                   collect={"sets": ["core"], "on": ["pg_stat_activity_wait_events"]})
    daemon.wait_up("one")
    daemon.wait_polls("one", 1)
    first = [asked(server, x) for x in ("AS wait_event_type", "FROM pg_catalog.pg_stat_bgwriter")]
    sleeper = server.session()
    sleeper.send("SELECT pg_catalog.pg_sleep(60)")
    labels = {"backend": "one", "wait_event_type": "Timeout", "wait_event": "PgSleep"}
    began = time.monotonic()
    page = daemon.wait_polls("one", 3)
    elapsed = time.monotonic() - began
    seconds = page.value("pg_wait_seconds_total", **labels)
    # It waited all the time but for the first moment.
    assert 0 < seconds <= elapsed + 3
    samples, polls = [asked(server, x) - y for x, y in zip(
        ("AS wait_event_type", "FROM pg_catalog.pg_stat_bgwriter"), first)]
    assert samples > 3 * max(polls, 1)
    # A sample is no poll.
    assert page.value("pgstatsmon_polls_skipped_total", backend="one") == 0
    sleeper.close()


def test_the_budget_bounds_samples(cluster, watch):
    server = cluster("budget").start()
    server.role()
    daemon = watch([backend("one", server, activity={"sample": "100ms"}, budget={"server": "0.01%"})],
                   interval=1000, collect={"sets": [], "on": ["pg_stat_activity_wait_events"]})
    daemon.wait_for(lambda page: (page.value("pgstatsmon_backend_stretched_queries", backend="one") or 0) >= 1)
