"""SIGTERM and SIGINT: a prompt end with exit code 0 that leaves nothing on the servers."""

import signal
import time

import pytest
from harness.daemon import backend
from harness.proxy import Proxy
from harness.waiting import wait_until

SLEEP = """
name: pg_sleepy
help: A query that takes longer than anyone waits.
labels: []
metrics:
  - {column: one, type: gauge, help: One.}
versions:
  - sql: select 1 as one from pg_catalog.pg_sleep(60)
"""


@pytest.fixture
def sleepy(directory):
    path = directory / "sleepy"
    path.mkdir(exist_ok=True)
    (path / "sleepy.yaml").write_text(SLEEP)
    return str(path)


def gone(server):
    return server.sessions_of() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_between_polls(primary, watch, number):
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    start = time.monotonic()
    daemon.stop(number)
    assert time.monotonic() - start < 3
    wait_until(lambda: gone(primary), 2, "the session is gone")


def test_during_a_poll(primary, watch, sleepy):
    daemon = watch([backend("one", primary)], queries=sleepy, connections={"query_timeout": 50000})
    running = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%'" \
              " and usename = 'pgstatsmon' and state = 'active'"
    wait_until(lambda: primary.psql(running) == "1", 10, "the query runs")
    start = time.monotonic()
    daemon.stop()
    # What is in flight has two seconds, then it is cancelled.
    assert time.monotonic() - start < 5
    wait_until(lambda: gone(primary), 2, "the query is cancelled and the session gone")


def test_a_second_signal_ends_at_once(primary, watch, sleepy):
    daemon = watch([backend("one", primary)], queries=sleepy, connections={"query_timeout": 50000})
    running = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%'" \
              " and usename = 'pgstatsmon' and state = 'active'"
    wait_until(lambda: primary.psql(running) == "1", 10, "the query runs")
    daemon.process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    wait_until(lambda: daemon.process.poll() is not None or daemon.lines("stop"), 5, "it stops")
    daemon.stop()
    assert time.monotonic() - start < 3


def test_with_servers_that_do_not_answer(watch):
    with Proxy(frozen=True) as hole:
        daemon = watch([backend("hole", hole)], connections={"connect_timeout": 10000})
        wait_until(lambda: hole.connections > 0, what="it connects")
        start = time.monotonic()
        daemon.stop()
        assert time.monotonic() - start < 3


def test_with_a_server_that_does_not_answer_a_cancel_request(primary, watch):
    """The cancel request of a poll that is given up can't be ended; the daemon does not wait for it."""
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)], connections={"query_timeout": 300})
        daemon.wait_up("one")
        before = proxy.connections
        proxy.frozen = True
        wait_until(lambda: proxy.connections > before, what="the cancel request or a new attempt")
        start = time.monotonic()
        daemon.stop()
        assert time.monotonic() - start < 10


def test_at_once_after_the_start(primary, watch):
    daemon = watch([backend("one", primary)], ready=False)
    wait_until(daemon.log, what="the first log line")
    daemon.stop()
