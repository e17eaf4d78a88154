"""An idle connection that breaks is noticed at once, not at the next poll."""

import pytest
from harness.daemon import backend, polls
from harness.proxy import Proxy
from harness.waiting import wait_until

PIDS = "select string_agg(pid::text, ' ') from pg_stat_activity where usename = 'pgstatsmon'"
END = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pgstatsmon'"


def test_terminated_by_the_server(primary, watch):
    daemon = watch([backend("one", primary)], interval=60000)
    daemon.wait_up("one")
    before = primary.psql(PIDS)
    primary.psql(END)
    # The next tick is a minute away.
    wait_until(lambda: primary.psql(PIDS) not in ("", before), 4, "a new session")
    page = daemon.wait_for(lambda p: polls(p, "one") == 2, 5, "polled at once")
    assert page.value("pg_up", backend="one") == 1
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 1
    assert primary.sessions_of() == 1


@pytest.mark.parametrize("how", ["reset", "refused"])
def test_broken_by_the_network(primary, watch, how):
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)], interval=60000)
        daemon.wait_up("one")
        if how == "reset":
            proxy.cut()
        else:
            proxy.refuse()
            daemon.wait_for(lambda p: p.value("pg_up", backend="one") == 0, 2, "noticed at once")
            proxy.accept()
        daemon.wait_for(lambda p: polls(p, "one") == 2, 10, "back")
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
        daemon.wait_for(
            lambda p: p.value("pgstatsmon_backend_connects_total", backend="one") == count + 1,
            what="connected again",
        )
    daemon.wait_up("one")
    # A scrape of before may still have its socket.
    daemon.wait_for(lambda p: p.value("process_open_fds") == descriptors, 5, f"{descriptors} fds")
    assert primary.sessions_of() == 1
