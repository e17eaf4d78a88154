"""Servers that never stop to send cost what is allowed and no more, and nobody else a poll."""

import contextlib
import json
import signal
from pathlib import Path

import pytest
from harness.daemon import backend, polls
from harness.hostile import AT_THE_BEGINNING, IN_A_POLL, WHILE_IDLE, Hostile
from harness.waiting import wait_until

FAILURES = "pgstatsmon_backend_failures_total"
QUERY, POLL, FLEET = 2 << 20, 4 << 20, 8 << 20
LIMITS = {"max_query_bytes": "2MiB", "max_poll_bytes": "4MiB", "max_fleet_bytes": "8MiB"}
# Rows of empty columns take five times their bytes in libpq; a table of tuples that grows is copied.
BOUND = 10


def peak(daemon):
    """The most memory that the daemon has had, in bytes; None when a sanitizer's is not its own."""
    directory = Path(f"/proc/{daemon.process.pid}")
    if "libasan" in (directory / "maps").read_text():
        return None
    lines = (directory / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


# So long that a busy machine reads up to the bound.
PATIENT = {"connect_timeout": 30000, "query_timeout": 30000}


def start(watch, primary, servers, times=PATIENT, **more):
    good = {"name": "good", "ip": primary.host, "port": primary.port}
    daemon = watch([good], connections={**LIMITS, **times}, interval=500,
                   setup={"enabled": False}, **more)
    daemon.wait_polls("good", 3)
    before = peak(daemon)
    daemon.config["static"]["dbs"] = [good] + [
        backend(f"evil{i}", server) for i, server in enumerate(servers)
    ]
    daemon.file.write_text(json.dumps(daemon.config))
    daemon.process.send_signal(signal.SIGHUP)
    return daemon, before


def failed(page, name, reason):
    return page.value(FAILURES, backend=name, reason=reason) or 0


@pytest.mark.parametrize("what", [*AT_THE_BEGINNING, *IN_A_POLL, *WHILE_IDLE])
def test_what_never_ends(primary, watch, directory, what):
    password = directory / "password"
    password.write_text("secret\n")
    with Hostile(what) as server:
        daemon, before = start(watch, primary, [server], password_file=str(password))
        page = daemon.wait_for(
            lambda p: failed(p, "evil0", "too_large")
            and p.state("pgstatsmon_backend_state", backend="evil0") == "backoff",
            60, "it is too large")
        # The next attempt is not before half a minute.
        assert failed(page, "evil0", "too_large") == server.connections == 1
        assert page.value("pg_up", backend="evil0") == 0
        page = daemon.wait_polls("good", 3)
        assert page.total(FAILURES, backend="good") == 0
        if before is not None:
            assert peak(daemon) - before < BOUND * QUERY
        assert max(map(len, daemon.log().splitlines())) < 2000
        daemon.stop()


def test_a_password_that_is_hashed_for_an_hour(primary, watch, directory):
    password = directory / "password"
    password.write_text("secret\n")
    # As many of them as would keep every thread.
    servers = [Hostile("hashes") for _ in range(4)]
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
        daemon, _ = start(watch, primary, servers, password_file=str(password))
        page = daemon.wait_for(
            lambda p: all(failed(p, f"evil{i}", "too_large") for i in range(4)), 30, "they are refused")
        assert page.total(FAILURES, backend="good") == 0
        daemon.wait_polls("good", 3)
        assert "rounds of SCRAM" in daemon.log()
        daemon.stop()


def test_a_byte_at_a_time(primary, watch):
    with Hostile("rows", drip=0.1) as server:
        # No query that may take so long that the kernel gives up what it can't send before we do.
        daemon, _ = start(watch, primary, [server], {"query_timeout": 1000},
                          collect={"sets": ["original"]})
        page = daemon.wait_for(lambda p: failed(p, "evil0", "timeout"), 30, "it is given up")
        assert page.total(FAILURES, backend="good") == 0


def test_many_at_once(primary, watch):
    servers = [Hostile("rows") for _ in range(8)]
    try:
        daemon, before = start(watch, primary, servers)
        page = daemon.wait_for(
            lambda p: all(failed(p, f"evil{i}", "too_large") for i in range(8)), 60, "all of them"
        )
        assert page.total(FAILURES, backend="good") == 0
        if before is not None:
            assert peak(daemon) - before < BOUND * FLEET
    finally:
        for server in servers:
            server.__exit__()


def test_a_query_that_is_too_large_is_left_out(primary, watch, directory):
    queries = directory / "large"
    queries.mkdir(exist_ok=True)
    for name, sql in (
        ("small", "select 1 as n"),
        ("large", "select i::text || repeat('x', 1000) as name, i as n from generate_series(1, 5000) i"),
        ("long", "select i::text as name, i as n from generate_series(1, 2000) i"),
    ):
        labels = "[]" if name == "small" else "[name]"
        (queries / f"{name}.yaml").write_text(
            f"name: {name}\nhelp: {name}.\nlabels: {labels}\n"
            f"metrics:\n  - {{column: n, type: gauge, help: A number.}}\nversions:\n  - sql: {sql}\n"
        )
    daemon = watch(
        [backend("one", primary)],
        queries=str(queries),
        connections={**LIMITS, "max_query_rows": 1000, "query_timeout": 5000},
    )
    wait_until(lambda: daemon.lines("large", "is left out"), 20, daemon.log)
    # After half a minute it is polled again, without that query.
    page = daemon.wait_for(lambda p: p.value("small_n", backend="one") == 1, 60, "the others")
    assert page.value("pg_query_error", backend="one", query="large") == 1
    assert page.value("pg_query_error", backend="one", query="long") >= 1
    assert not page.find("long_n", backend="one")
    assert polls(page, "one") >= 1
