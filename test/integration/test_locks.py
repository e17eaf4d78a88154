"""Who waits for whom, and who holds back what: on the console, and from the API."""

import json
import time

import pytest
from harness.console import client, data, path_of, row, say
from harness.daemon import BY_ORDER, backend
from harness.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def server(cluster):
    server = cluster()
    server.configure(wal_level="logical", max_prepared_transactions="2")
    server.start()
    server.role()
    server.psql("CREATE TABLE t (x int)")
    return server


@pytest.fixture
def chain(server):
    """A session that holds a lock, one that waits for it, and one that waits for that one."""
    sessions = [server.session() for _ in range(3)]
    pids = [int(x.run("SELECT pg_backend_pid()")) for x in sessions]
    holder, first, second = sessions
    holder.run("BEGIN; LOCK t IN ROW EXCLUSIVE MODE")
    first.run("SET application_name = '<b>first</b>'; BEGIN")
    first.send("LOCK t IN ACCESS EXCLUSIVE MODE")
    wait_until(lambda: server.psql(WAITING) == "1", 10)
    second.send("SELECT count(*) FROM t")
    wait_until(lambda: server.psql(WAITING) == "2", 10)
    return pids


def test_a_chain_of_waiting_sessions(server, watch, chain):
    holder, first, second = chain
    daemon = watch([backend("one", server)], interval=BY_ORDER)
    daemon.wait_up("one")
    tree = data(daemon, "locks", "one")
    assert [(x["pid"], x["behind"], x["blockers"]) for x in tree["locks"]] == [
        (holder, 2, []), (first, 1, [holder]), (second, 0, [first])]
    waits = row(tree["locks"], pid=first)
    assert waits["lock"] == "public.t AccessExclusiveLock"
    assert waits["application"] == "<b>first</b>" and waits["role"] == waits["database"] == "postgres"
    assert 0 <= waits["waits_seconds"] <= waits["transaction_seconds"] < 60
    assert row(tree["locks"], pid=holder)["state"] == "idle in transaction"
    assert row(tree["locks"], pid=holder)["waits_seconds"] is None

    text = say(daemon, "locks", "one")
    indents = [len(line) - len(line.lstrip()) for pid in chain for line in text.splitlines()
               if line.lstrip().startswith(f"{pid} ")]
    assert indents == [0, 2, 4], text
    # No statement's text is anywhere, with what might be in it.
    assert "LOCK t" not in text and "count(*)" not in text

    longest = row(tree["holders"], what="longest transaction")
    assert longest["who"] == str(holder) and longest["since_seconds"] >= 0

    page = json.loads(daemon.get("/api/v1/backends/one/locks").body)
    assert [x["pid"] for x in page["locks"]] == chain


def test_waits_are_added_up_over_time(server, watch, chain):
    daemon = watch([backend("one", server)], interval=200)
    labels = {"backend": "one", "wait_event_type": "Lock", "wait_event": "relation"}

    def seconds(page):
        return page.value("pg_wait_seconds_total", **labels) or 0

    began = time.monotonic()
    first = daemon.wait_for(lambda page: seconds(page) > 0)
    last = daemon.wait_for(lambda page: seconds(page) >= seconds(first) + 2)
    # Two sessions wait all the time.
    assert seconds(last) - seconds(first) <= 2 * (time.monotonic() - began) + 0.5
    assert last.value("pg_stat_activity_wait_events_sessions", **labels) == 2


def test_who_holds_back_what(server, watch):
    server.psql("SELECT pg_create_physical_replication_slot('forgotten', true)")
    server.psql("BEGIN; CREATE TABLE u (x int); PREPARE TRANSACTION 'two words'")
    server.psql("INSERT INTO t SELECT generate_series(1, 100000)")
    daemon = watch([backend("one", server)], interval=BY_ORDER)
    daemon.wait_up("one")
    assert data(daemon, "locks", "one")["locks"] == []
    held = data(daemon, "backend", "one")["holders"]
    slot = row(held, what="slot")
    assert (slot["who"], slot["state"]) == ("forgotten", "inactive")
    assert slot["wal_bytes"] > 1_000_000
    prepared = row(held, what="prepared transaction")
    assert (prepared["who"], prepared["role"]) == ("two words", "postgres")
    assert row(held, what="xmin horizon")["who"] == "two words"
    assert row(held, what="xmin horizon")["transactions"] > 0


def test_troubles(server, watch):
    daemon = watch([backend("one", server), {"name": "dead", "ip": server.host, "port": 1}])
    daemon.wait_up("one")
    for name, why in (("nobody", "no backend is called nobody"), ("dead", "it is not connected")):
        done = client(path_of(daemon), "locks", name)
        assert done.returncode == 1 and why in done.stdout + done.stderr, done
