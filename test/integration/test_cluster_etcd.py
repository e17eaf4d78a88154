"""Three daemons share a fleet by leases in a real etcd, and what becomes of both."""

import json
import signal
import time

import pytest
from harness.console import data
from harness.etcd import Etcd
from harness.sharing import (BACKENDS, NAMESPACE, SLOTS, Fleet, Watcher, counts, fleet_servers, keys,
                             nothing_odd, took)
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def servers(cluster):
    return fleet_servers(cluster)


@pytest.fixture
def etcd(directory):
    server = Etcd(directory).start()
    yield server
    server.remove()


@pytest.fixture
def fleet(directory, servers, etcd):
    result = Fleet(directory, servers, etcd, keys)
    yield result
    result.close()


def test_members_come_go_and_die(fleet, etcd):
    with Watcher(fleet) as seen:
        for name in "abc":
            fleet.start(name)
        fleet.wait_settled("a", "b", "c")
        report = data(fleet.daemons["a"], "cluster")
        assert {x["member"] for x in report["members"]} == {"a", "b", "c"}
        assert sum(x["backends"] for x in report["members"]) == BACKENDS
        # All that etcd has of them hangs on leases, or is the layout.
        below = f"{NAMESPACE}/{fleet.name}/"
        found = etcd.keys(below)
        assert len(found) == SLOTS + 3 + 1 and found[f"{below}layout"] == "1"
        assert {json.loads(found[f"{below}members/{x}"])["id"] for x in "abc"} == set("abc")

        since = time.monotonic()
        fleet.daemons.pop("c").stop()
        fleet.wait_settled("a", "b")
        print(f"SIGTERM: all polled again after {took(since)} s")
        assert f"{below}members/c" not in etcd.keys(below)
        since = time.monotonic()
        fleet.start("c")
        fleet.wait_settled("a", "b", "c")
        print(f"join: settled after {took(since)} s")

        # Old revisions are gone, and what comes is seen all the same.
        etcd.compact()
        since = time.monotonic()
        fleet.kill("b")
        fleet.wait_settled("a", "c")
        print(f"kill -9: all polled again after {took(since)} s")
    assert seen.looks > 10 and not seen.doubled
    nothing_odd(fleet)


def test_one_that_was_stopped_gives_up_what_others_took(fleet):
    for name in "ab":
        fleet.start(name)
    fleet.wait_settled("a", "b")
    stopped = fleet.daemons["b"]
    stopped.process.send_signal(signal.SIGSTOP)
    since = time.monotonic()
    wait_until(lambda: fleet.status("a")["slots"] == SLOTS, what="a has all", every=0.1)
    print(f"SIGSTOP: the others have all after {took(since)} s")
    stopped.process.send_signal(signal.SIGCONT)
    since = time.monotonic()
    fleet.wait_settled("a", "b")
    print(f"SIGCONT: all as before after {took(since)} s")
    assert counts(fleet, "b")["brain_splits"] > 400
    assert counts(fleet, "b")["watchdog_triggers"] == 1
    assert stopped.lines("slots of ours are others' now")


def test_an_etcd_that_is_restarted_moves_nothing(fleet, etcd):
    for name in "ab":
        fleet.start(name)
    fleet.wait_settled("a", "b")
    before = {name: fleet.status(name)["taken"] for name in "ab"}
    with Watcher(fleet) as seen:
        etcd.stop()
        for name in "ab":
            wait_until(lambda name=name: not fleet.status(name)["engine_answers"], what="it is gone")
        etcd.start()
        for name in "ab":
            wait_until(lambda name=name: fleet.status(name)["engine_answers"], what="it is back")
        assert fleet.settled("a", "b")
    assert seen.looks > 10 and not seen.doubled
    assert {name: fleet.status(name)["taken"] for name in "ab"} == before
    nothing_odd(fleet)
    for name in "ab":
        failed = fleet.daemons[name].scrape().value(
            "pgstatsmon_etcd_failures_total", client="cluster", reason="unreachable")
        assert failed > 0


def test_an_etcd_that_hangs_stops_nobody(fleet, etcd):
    for name in "ab":
        fleet.start(name)
    fleet.wait_settled("a", "b")
    before = fleet.owned()
    etcd.freeze()
    try:
        wait_until(lambda: all(fleet.status(x)["doubtful"] for x in "ab"), what="both doubt")
        for name in "ab":
            daemon = fleet.daemons[name]
            assert not fleet.status(name)["engine_answers"]
            any_name = next(labels["backend"] for labels, _ in daemon.scrape().find("pg_up"))
            daemon.wait_polls(any_name, 2)
            assert len(json.loads(daemon.get("/api/v1/sd").body)) == BACKENDS
        assert fleet.owned() == before
        # A newcomer has nothing, and says why it is not ready.
        c = fleet.start("c")
        wait_until(lambda: c.lines("no backend is watched until the engine answers"), what=c.log)
        ready = c.get("/-/ready")
        assert ready.status == 503
        assert ready.body.decode().startswith("knows nothing of its fleet yet: "), ready.body
    finally:
        etcd.thaw()
    since = time.monotonic()
    fleet.wait_settled("a", "b", "c")
    print(f"etcd goes on: settled after {took(since)} s")
    for name in "ab":
        wait_until(lambda name=name: not fleet.status(name)["doubtful"], what="sure again")
