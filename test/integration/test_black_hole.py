"""Servers that accept and never answer delay nobody else's polls."""

import pytest
from harness.daemon import backend, polls
from harness.network import address
from harness.proxy import Proxy

INTERVAL = 0.5


@pytest.fixture(scope="module")
def good(cluster):
    """One server that nine addresses lead to."""
    server = cluster(listen=[address(i) for i in range(1, 10)]).start()
    server.role()
    return server


def nine(server):
    return [
        {"name": f"good{i}", "ip": host, "port": server.port}
        for i, host in enumerate(server.listen)
    ]


def gained(first, last, name, **labels):
    """By how much a value has grown between two pages."""
    return last.value(name, **labels) - first.value(name, **labels)


def assert_undisturbed(daemon, seconds):
    """Every good backend is polled at every tick of the time given, and none has failed."""
    names = [entry["name"] for entry in daemon.config["static"]["dbs"]]
    names = [name for name in names if name.startswith("good")]
    count = "pgstatsmon_tick_duration_seconds_count"
    first = daemon.scrape()
    page = daemon.wait_for(lambda p: gained(first, p, count) >= seconds / INTERVAL, 8 * seconds)
    assert all(page.total("pgstatsmon_backend_failures_total", backend=n) == 0 for n in names)
    ticks = gained(first, page, count)
    for name in names:
        done = polls(page, name) - polls(first, name)
        late = gained(first, page, "pgstatsmon_polls_skipped_total", backend=name)
        # One tick may lie just outside, on either side.
        assert abs(ticks - done - late) <= 2, (name, ticks, done, late)
        # On a busy machine a poll may take longer than an interval, and the next tick goes without.
        # Dead servers that held the slots would have the same done to polls that are quick.
        quick = gained(first, page, "pgstatsmon_poll_duration_seconds_bucket", backend=name,
                       le=str(INTERVAL))
        assert late <= 1 or quick < done, (name, late, quick, done)


@pytest.mark.parametrize("holes", [1, 12])
def test_ports_that_never_answer(good, watch, holes):
    """Also with more of them than polls that may be in flight."""
    with Proxy(frozen=True) as hole:
        dead = [{"name": f"hole{i}", "ip": address(20 + i), "port": hole.port} for i in range(holes)]
        dead[0]["ip"] = hole.host
        proxies = [Proxy(frozen=True, host=entry["ip"]) for entry in dead[1:]]
        for entry, proxy in zip(dead[1:], proxies):
            entry["port"] = proxy.port
        try:
            daemon = watch(
                nine(good) + dead,
                interval=int(INTERVAL * 1000),
                connections={"connect_timeout": 1000, "query_timeout": 1000},
            )
            daemon.wait_up(*[f"good{i}" for i in range(9)])
            assert_undisturbed(daemon, 5)
            page = daemon.wait_for(
                lambda p: p.value(
                    "pgstatsmon_backend_failures_total", backend="hole0", reason="timeout"
                ),
                what="the hole is a timeout",
            )
            assert page.value("pg_up", backend="hole0") == 0
            daemon.stop()
        finally:
            for proxy in proxies:
                proxy.close()


def test_a_connection_that_falls_silent(good, watch):
    """A backend that stops answering in the middle of its life is given up in a bounded time."""
    with Proxy(good) as proxy:
        daemon = watch(
            nine(good) + [backend("silent", proxy)],
            interval=int(INTERVAL * 1000),
            connections={"connect_timeout": 1000, "query_timeout": 1000},
            # No query that may take longer by its own definition, and so be waited for.
            collect={"sets": ["original"]},
        )
        daemon.wait_up("silent", *[f"good{i}" for i in range(9)])
        proxy.frozen = True
        assert_undisturbed(daemon, 5)
        # Polls of the others have phases of their own, so a page may see one of them under way.
        page = daemon.wait_for(lambda page: page.value("pgstatsmon_in_flight") <= 1,
                               what="no more than the silent one's is under way")
        assert page.value("pg_up", backend="silent") == 0
        reason = page.value(
            "pgstatsmon_backend_failures_total", backend="silent", reason="timeout"
        )
        assert reason >= 1
        proxy.frozen = False
        proxy.cut()
        daemon.wait_up("silent", timeout=15)
        daemon.stop()
