"""Looks that are repeated: watch, backendstat, querystat and walstat."""

import json
import re
import signal
import time

import pytest
from harness import process
from harness.console import END, Session, data, masked, path_of, row, say, spawn
from harness.catalogue import AT_EACH_POLL, QUERIES
from harness.daemon import backend
from harness.network import address, free_port
from harness.waiting import wait_until

NEXT_LOOK = b"\f\n"
NAME = "moray.1.eu-central.12345678"


class Nothing:
    """Nobody listens here."""

    host, port = address(), free_port()


@pytest.fixture(scope="module")
def servers(primary, cluster):
    standby = cluster.standby_of(primary, "replica").start()
    primary.psql("create table written (n int)")
    return primary, standby


@pytest.fixture
def daemon(servers, watch):
    daemon = watch([backend(NAME, servers[0]), backend("other", servers[1]),
                    backend("dead", Nothing)])
    daemon.wait_up(NAME, "other")
    daemon.wait_polls("other", 2)
    return daemon


def looks(session, line, count):
    """What a watch shows, `count` times; it goes on."""
    session.send(f"watch {line} --json\n")
    return [json.loads(session.read_until(NEXT_LOOK)[:-2]) for _ in range(count)]


# -- what they say ---------------------------------------------------------------------------------


def test_backendstat(daemon):
    with Session(path_of(daemon)) as session:
        first, second, third = looks(session, "backendstat", 3)
    keys = ["backend", "latency_seconds", "query_timeouts", "query_errors", "connect_errors",
            "not_numbers"]
    assert all(list(x) == keys for x in first)
    assert [x["backend"] for x in first] == [NAME, "other", "dead"]
    for look in (second, third):
        # Five polls a second.
        assert all(0 < x["latency_seconds"] < 5 for x in look[:2])
        assert all(x["query_errors"] == x["query_timeouts"] == 0 for x in look)
        assert look[2]["latency_seconds"] is None
    heading = "BACKEND  LAT  QTIM  QERR  CERR  NaN"
    lines = masked(say(daemon, "backendstat")).splitlines()
    assert lines == [heading, f"{NAME}  TIME  N  N  N  N", "other  TIME  N  N  N  N",
                     "dead  -  N  N  N  N"]


def test_connect_errors_are_counted_since_the_last_look(watch):
    daemon = watch([backend("dead", Nothing)], connections={"connect_retries": 1})
    errors = lambda: daemon.scrape().total("pg_connect_error", backend="dead")
    wait_until(lambda: errors() >= 3, 20, "connect errors")
    with Session(path_of(daemon)) as session:
        seen = lambda: json.loads(session.ask("backendstat --json")[0])[0]["connect_errors"]
        before, first, after = errors(), seen(), errors()
        assert before <= first <= after
        wait_until(lambda: errors() >= after + 2, 20, "more of them")
        before, second, after = errors(), seen(), errors()
        assert before - first <= second <= after - first
        # Another session has its own last look.
        with Session(path_of(daemon)) as other:
            assert json.loads(other.ask("backendstat --json")[0])[0]["connect_errors"] >= before


def test_querystat(daemon):
    with Session(path_of(daemon)) as session:
        first, second = looks(session, "querystat", 2)
    for look in (first, second):
        assert sorted(x["query"] for x in look) == sorted(QUERIES)
        assert all(list(x) == ["query", "latency_seconds", "query_timeouts", "query_errors",
                               "not_numbers"] for x in look)
        assert all(0 <= x["latency_seconds"] < 5 for x in look if x["query"] in AT_EACH_POLL)
        assert all(x["query_errors"] == x["query_timeouts"] == 0 for x in look)
    lines = masked(say(daemon, "querystat")).splitlines()
    assert lines[0] == "QUERY  LAT  QTIM  QERR  NaN"
    assert {line.split()[0] for line in lines[1:]} == set(QUERIES)
    assert {f"{x}  TIME  N  N  N" for x in AT_EACH_POLL} <= set(lines[1:])


def test_walstat(daemon, servers):
    primary = servers[0]
    with Session(path_of(daemon)) as session:
        first, second = looks(session, "walstat", 2)
        assert [list(x) for x in first] == [
            ["backend", "shard", "zone", "sync_state", "sent_bytes", "written_bytes", "flushed_bytes",
             "replayed_bytes", "standby"]]
        names = {"shard": "moray", "zone": "12345678", "sync_state": "async",
                 "standby": "replica"}
        assert row(first, **names) and row(second, **names)
        # The first look has positions, later ones what came since.
        assert first[0]["sent_bytes"] > 1_000_000
        before = lsn(primary)
        primary.psql("insert into written select generate_series(1, 10000)")
        written = lsn(primary) - before
        assert written > 100_000
        moves = ["sent_bytes", "written_bytes", "flushed_bytes", "replayed_bytes"]
        sums = dict.fromkeys(moves, second[0][moves[0]])
        # What it sends goes on to be applied, at the latest in a few looks.
        for _ in range(5):
            if min(sums.values()) >= written:
                break
            look = json.loads(session.read_until(NEXT_LOOK)[:-2])
            sums = {x: sums[x] + look[0][x] for x in moves}
        assert all(written <= x < written + 1_000_000 for x in sums.values()), (written, sums)
    heading = "SHARD  ZONE  REPL  SENT  WRITTEN  FLUSHED  REPLAYED  STANDBY"
    assert masked(say(daemon, "walstat")).splitlines() == [
        heading, "moray  N  async  N  N  N  N  replica"]


def lsn(server):
    return int(server.psql("select pg_current_wal_insert_lsn() - '0/0'"))


# -- how they begin and end ------------------------------------------------------------------------


def test_a_watch_ends_with_enter(daemon):
    with Session(path_of(daemon)) as session:
        start = time.monotonic()
        session.send("watch backends\n")
        shown = [session.read_until(NEXT_LOOK) for _ in range(3)]
        assert 1.9 < time.monotonic() - start < 8
        assert all(b"backend" in x and NAME.encode() in x for x in shown)
        # The session goes on with what comes behind it, and not with the watch.
        session.send("\nhelp quit\n")
        assert session.read_until(b"leave\n").endswith(b"quit \n  leave\n")
        session.send("watch scheduler\n")
        session.read_until(NEXT_LOOK)


def test_a_watch_of_programs_ends_with_a_mark(daemon):
    with Session(path_of(daemon)) as session:
        session.ask("help quit")
        session.send("watch top\n")
        session.read_until(NEXT_LOOK)
        session.send("\n")
        session.read_until(END)
        assert session.read_until(b"\n") == b"ok\n"
        assert session.ask("help quit")[0].startswith("quit")


def test_a_watch_ends_with_its_session(daemon):
    """Nothing of it stays: the console does as much as without it."""
    console = row(data(daemon, "actors"), kind="console")["id"]
    for _ in range(3):
        with Session(path_of(daemon)) as session:
            session.send("watch actors\n")
            session.read_until(NEXT_LOOK)
    daemon.wait_polls(NAME, 6)
    newest = data(daemon, "actor", str(console))["newest_messages"]
    ticks = [x for x in newest if x["message"] == "tick" and x["ago_seconds"] < 0.9]
    assert len(ticks) <= 3, newest
    daemon.wait_polls(NAME, 6)
    newest = data(daemon, "actor", str(console))["newest_messages"]
    assert not [x for x in newest if x["message"] == "tick" and x["ago_seconds"] < 1]


def test_a_watch_of_the_client(daemon):
    watching = spawn(daemon, "watch", "queries")
    try:
        text = b""
        while text.count(b"pg_stat_bgwriter") < 3:
            chunk = watching.stdout.read1()
            assert chunk, text
            text += chunk
        # For a pipe, so without a terminal's codes.
        assert b"\x1b" not in text and re.match(rb"query +backends", text)
        watching.send_signal(signal.SIGINT)
        watching.wait(10)
    finally:
        process.stop(watching)
    watching = spawn(daemon, "watch", "top")
    try:
        assert watching.stdout.read1()
        watching.stdout.close()
        assert watching.wait(10) in (0, -signal.SIGPIPE)
    finally:
        process.stop(watching)


def test_a_watch_ends_when_the_daemon_ends(daemon):
    watching = spawn(daemon, "watch", "top")
    try:
        assert watching.stdout.read1()
        daemon.stop()
        out, said = watching.communicate(timeout=10)
        assert watching.returncode == 1
        assert said.startswith(b"pgstatsmon: no daemon answers at "), said
    finally:
        process.stop(watching)
