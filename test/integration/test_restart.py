"""PostgreSQL is stopped and started: noticed at once, counted honestly, back by itself."""

import pytest
from harness.daemon import BY_ORDER, backend, polls
from harness.proxy import Proxy


def failures(page, name):
    return page.total("pgstatsmon_backend_failures_total", backend=name)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stop_and_start(cluster, watch, mode):
    server = cluster(mode).start()
    server.role()
    with Proxy(server) as proxy:
        # Nothing but the broken connection can tell it before the next poll.
        daemon = watch([backend("one", proxy)], interval=BY_ORDER)
        page = daemon.wait_up("one")
        assert failures(page, "one") == 0
        attempts = proxy.connections

        server.stop(mode)
        daemon.wait_for(lambda p: p.value("pg_up", backend="one") == 0, 2, "noticed at once")
        page = daemon.wait_for(lambda p: proxy.connections >= attempts + 2, 20, "tried again")
        # Data that is not stale yet is still there.
        assert page.find("pg_stat_bgwriter_buffers_alloc", backend="one")
        assert polls(page, "one") == 1

        server.start()
        page = daemon.wait_up("one", timeout=15)
        assert polls(page, "one") == 2
        # One for the connection that broke, one for every attempt that failed.
        assert failures(page, "one") <= proxy.connections - attempts
        assert page.value("pgstatsmon_backend_connects_total", backend="one") == 2


def test_stale_data_is_dropped(cluster, watch):
    server = cluster("stale").start()
    server.role()
    daemon = watch([backend("one", server)], stale_after=1500)
    daemon.wait_up("one")
    assert daemon.scrape().find("pg_stat_bgwriter_buffers_alloc", backend="one")
    server.stop()
    page = daemon.wait_for(
        lambda p: not p.find("pg_stat_bgwriter_buffers_alloc", backend="one"), 10, "stale"
    )
    assert page.value("pg_up", backend="one") == 0
    assert page.value("pgstatsmon_backend_series", backend="one") == 0
    assert page.value("pgstatsmon_backend_last_success_timestamp_seconds", backend="one") > 0
