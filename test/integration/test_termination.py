"""SIGTERM and SIGINT: a prompt end with exit code 0 that leaves nothing on the servers."""

import os
import signal
import socket
import time

import pytest
from harness.daemon import backend
from harness.network import address
from harness.proxy import Proxy
from harness.waiting import wait_until

# Two seconds, and what a busy machine adds.
LIMIT = 4

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
    assert time.monotonic() - start < LIMIT
    wait_until(lambda: gone(primary), 2, "the session is gone")


def test_during_a_poll(primary, watch, sleepy):
    daemon = watch([backend("one", primary)], queries=sleepy, connections={"query_timeout": 50000})
    running = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%'" \
              " and usename = 'pgstatsmon' and state = 'active'"
    wait_until(lambda: primary.psql(running) == "1", 10, "the query runs")
    start = time.monotonic()
    daemon.stop()
    # What is in flight has a second, then it is cancelled.
    assert time.monotonic() - start < LIMIT
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
    assert time.monotonic() - start < LIMIT


def test_with_servers_that_do_not_answer(watch):
    with Proxy(frozen=True) as hole:
        daemon = watch([backend("hole", hole)], connections={"connect_timeout": 10000})
        wait_until(lambda: hole.connections > 0, what="it connects")
        start = time.monotonic()
        daemon.stop()
        assert time.monotonic() - start < LIMIT


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
        assert time.monotonic() - start < LIMIT


def test_at_once_after_the_start(primary, watch):
    daemon = watch([backend("one", primary)], ready=False)
    wait_until(daemon.log, what="the first log line")
    daemon.stop()


@pytest.fixture
def silent_names(directory):
    """Makes the daemon ask a name server that says nothing, through a resolv.conf of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a process a resolv.conf of its own")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address(41), 53))
        file = directory / "resolv.conf"
        file.write_text(f"nameserver {address(41)}\noptions timeout:30 attempts:5\n")
        own = f'mount --bind {file} /etc/resolv.conf && exec "$@"'
        yield server, ["unshare", "--mount", "sh", "-c", own, "sh"]


@pytest.mark.parametrize("names", [1, 50])
def test_while_the_name_server_is_silent(watch, silent_names, names):
    server, prefix = silent_names
    daemon = watch(
        [{"name": f"b{i}", "ip": f"host{i}.example"} for i in range(names)],
        prefix=prefix,
        connections={"connect_timeout": 2000},
    )
    server.settimeout(20)
    server.recv(512)
    daemon.wait_for(
        lambda p: p.total("pgstatsmon_backend_failures_total") >= names, 40, "all have failed"
    )
    start = time.monotonic()
    daemon.stop()
    assert time.monotonic() - start < LIMIT


def test_while_a_source_waits_for_its_name_server(watch, silent_names):
    server, prefix = silent_names
    daemon = watch(
        [], prefix=prefix, http_sd=[{"name": "east", "url": "http://sd.example/"}]
    )
    server.settimeout(20)
    server.recv(512)
    start = time.monotonic()
    daemon.stop()
    assert time.monotonic() - start < LIMIT


def test_while_a_password_file_says_nothing(primary, watch, directory):
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    daemon = watch([backend("one", primary)], password_file=str(fifo))
    daemon.wait_for(lambda p: p.total("pgstatsmon_backend_failures_total", backend="one"))
    start = time.monotonic()
    daemon.stop()
    assert time.monotonic() - start < LIMIT


def test_with_clients_that_say_and_take_nothing(watch):
    daemon = watch([])
    clients = [socket.create_connection((daemon.host, daemon.port)) for _ in range(20)]
    console = socket.socket(socket.AF_UNIX)
    console.connect(daemon.config["console"]["socket"])
    console.sendall(b"watch actors\n" * 50)
    start = time.monotonic()
    daemon.stop()
    assert time.monotonic() - start < LIMIT
    for client in [*clients, console]:
        client.close()
