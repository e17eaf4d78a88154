"""A session that ends while it idles is replaced at once, and that is no failure."""

import pytest
from harness.daemon import BY_ORDER, backend, polls
from harness.proxy import Proxy
from harness.waiting import wait_until

PIDS = "select string_agg(pid::text, ' ') from pg_stat_activity where usename = 'pgstatsmon'"
END = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pgstatsmon'"


def failures(page):
    return page.total("pgstatsmon_backend_failures_total", backend="one")


def connects(page):
    return page.value("pgstatsmon_backend_connects_total", backend="one")


def test_terminated_by_the_server(primary, watch):
    daemon = watch([backend("one", primary)], interval=BY_ORDER)
    daemon.wait_up("one")
    before = primary.psql(PIDS)
    primary.psql(END)
    # The next poll is hours away.
    wait_until(lambda: primary.psql(PIDS) not in ("", before), 10, "a new session")
    page = daemon.wait_for(lambda p: connects(p) == 2, 10, "connected again")
    assert page.value("pg_up", backend="one") == 1
    assert failures(page) == 0
    assert polls(page, "one") == 1
    assert primary.sessions_of() == 1


def test_an_idle_timeout_shorter_than_the_interval(primary, watch):
    """What a proxy with an idle timeout does: every session ends before its second poll."""
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)], interval=4000)
        daemon.wait_up("one")
        # The first one's phase may be near; from now on each comes four seconds after the last.
        page = daemon.wait_polls("one", 1)
        for _ in range(3):
            # Twice in each interval: the second time it meets one that was never polled.
            before = connects(page)
            proxy.cut()
            daemon.wait_for(lambda p: connects(p) == before + 1, 20, "connected again")
            proxy.cut()
            page = daemon.wait_polls("one", 1)
            assert connects(page) == before + 2
        assert page.value("pg_up", backend="one") == 1
        assert failures(page) == 0
        assert page.total("pg_connect_error", backend="one") == 0
        assert len(daemon.lines("ended by the other side")) == 1, daemon.log()
        daemon.stop()


@pytest.mark.parametrize("how", ["reset", "refused"])
def test_broken_by_the_network(primary, watch, how):
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)], interval=BY_ORDER)
        daemon.wait_up("one")
        if how == "reset":
            proxy.cut()
            page = daemon.wait_for(lambda p: connects(p) == 2, 10, "back")
            assert failures(page) == 0
        else:
            # Nobody is there to replace the session: an outage, noticed at once.
            proxy.refuse()
            daemon.wait_for(lambda p: p.value("pg_up", backend="one") == 0, 10, "noticed at once")
            proxy.accept()
            daemon.wait_for(lambda p: polls(p, "one") == 2, 20, "back")
        assert proxy.connections == 2
        daemon.stop()


def test_one_connection_only(primary, watch):
    """However often it breaks, nothing is left behind: no session, no file descriptor."""
    daemon = watch([backend("one", primary)])
    page = daemon.wait_up("one")
    descriptors = page.value("process_open_fds")
    for count in range(1, 4):
        daemon.wait_up("one")
        primary.psql(END)
        daemon.wait_for(lambda p: connects(p) == count + 1, what="connected again")
    daemon.wait_up("one")
    # A scrape of before may still have its socket.
    daemon.wait_for(lambda p: p.value("process_open_fds") == descriptors, 5, f"{descriptors} fds")
    assert primary.sessions_of() == 1
