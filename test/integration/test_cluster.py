"""Three daemons share a fleet: who polls what as they come, end, die and lose sight of the engine."""

import json
import signal
import time

import pytest
from harness.console import client, data, path_of
from harness.network import address
from harness.proxy import Proxy
from harness.sharing import BACKENDS, NAMES, SLOTS, Fleet, Watcher, fleet_servers, took
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def servers(cluster):
    return fleet_servers(cluster)


@pytest.fixture(scope="module")
def keeper(cluster):
    """The server that keeps the leases."""
    server = cluster("keeper", listen=[address(30)]).start()
    server.psql("create role keeper login")
    server.psql("create database leases owner keeper")
    return server


def rows(place):
    """Leases as rows of the server that is there."""
    return {"postgres": {"host": place.host, "port": place.port, "user": "keeper",
                         "database": "leases", "schema": "pgstatsmon"}}


@pytest.fixture
def fleet(directory, servers, keeper):
    result = Fleet(directory, servers, keeper, rows)
    yield result
    result.close()


def test_members_share_hand_over_and_take_over(fleet):
    with Watcher(fleet) as seen:
        for name in "abc":
            fleet.start(name)
        fleet.wait_settled("a", "b", "c")
        report = data(fleet.daemons["a"], "cluster")
        assert {x["member"] for x in report["members"]} == {"a", "b", "c"}
        assert all(x["agrees"] for x in report["members"])
        assert sum(x["backends"] for x in report["members"]) == BACKENDS

        # The list of targets is the same from each, and names each backend's owner.
        lists = [json.loads(fleet.daemons[x].get("/api/v1/sd").body) for x in "abc"]
        assert lists[0] == lists[1] == lists[2]
        assert {x["labels"]["instance"] for x in lists[0]} == set(NAMES)
        for name in "abc":
            daemon = fleet.daemons[name]
            own = {x["labels"]["instance"] for x in lists[0]
                   if x["targets"] == [f"{daemon.host}:{daemon.port}"]}
            assert own == {labels["backend"] for labels, _ in daemon.scrape().find("pg_up")}

        # One ends in order: the others have all at once, and nothing was polled twice.
        since = time.monotonic()
        fleet.daemons.pop("c").stop()
        fleet.wait_settled("a", "b")
        print(f"SIGTERM: all polled again after {took(since)} s")
        # It comes back.
        fleet.start("c")
        fleet.wait_settled("a", "b", "c")
    assert seen.looks > 10 and not seen.doubled
    for daemon in fleet.daemons.values():
        page = daemon.scrape()
        assert page.value("pgstatsmon_cluster_brain_splits_total") == 0
        assert page.value("pgstatsmon_cluster_doubtful") == 0


def test_one_that_is_killed_is_replaced_within_its_lease(fleet):
    for name in "abc":
        fleet.start(name)
    fleet.wait_settled("a", "b", "c")
    with Watcher(fleet) as seen:
        since = time.monotonic()
        fleet.kill("b")
        fleet.wait_settled("a", "c")
        print(f"kill -9: all polled again after {took(since)} s")
        # Until its former lease is over its own name is another's.
        fleet.start("b")
        fleet.wait_settled("a", "b", "c")
    assert seen.looks > 10 and not seen.doubled


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
    page = stopped.scrape()
    assert page.value("pgstatsmon_cluster_brain_splits_total") > 400
    assert page.value("pgstatsmon_cluster_watchdog_triggers_total") == 1
    assert stopped.lines("slots of ours are others' now")


def test_without_the_engine_everybody_goes_on(fleet):
    with Proxy(fleet.keeper) as way:
        for name in "ab":
            fleet.start(name, keeper=way)
        fleet.wait_settled("a", "b")
        before = fleet.owned()
        way.refuse()
        wait_until(lambda: all(fleet.status(x)["doubtful"] for x in "ab"), what="both doubt")
        for name in "ab":
            daemon = fleet.daemons[name]
            assert not fleet.status(name)["engine_answers"]
            any_name = next(labels["backend"] for labels, _ in daemon.scrape().find("pg_up"))
            daemon.wait_polls(any_name, 2)
            assert len(json.loads(daemon.get("/api/v1/sd").body)) == BACKENDS
        assert fleet.owned() == before
        # One that starts now polls what it had, after a lease's time of silence.
        file = fleet.directory / f"{fleet.name}-b" / "cluster.json"
        wait_until(lambda: len(json.loads(file.read_text())["slots"]) == before["b"], what="kept")
        fleet.kill("b")
        b = fleet.start("b", keeper=way)
        assert b.get("/-/ready").status == 503
        wait_until(lambda: fleet.status("b")["slots"] == before["b"], what="b has what it had")
        assert b.lines("slots of before the start are polled")
        # A newcomer has nothing, and says so.
        c = fleet.start("c", keeper=way)
        wait_until(lambda: c.lines("no backend is watched until the engine answers"), what=c.log)
        assert c.get("/-/ready").status == 503
        assert fleet.status("c")["slots"] == 0
        way.accept()
        fleet.wait_settled("a", "b", "c")
        for name in "ab":
            wait_until(lambda name=name: not fleet.status(name)["doubtful"], what="sure again")


def test_members_that_differ_say_so(fleet):
    fleet.start("a")
    b = fleet.start("b", target={"metadata": {"dc": "east"}})
    wait_until(lambda: b.lines("has other queries, labels or backends"), what=b.log)
    fleet.daemons["a"].wait_for(
        lambda page: page.value("pgstatsmon_cluster_differing_members") == 1, what="a sees it")


def test_a_name_is_one_daemons(fleet):
    a = fleet.start("a")
    wait_until(lambda: fleet.status("a")["slots"] == SLOTS, what=a.log)
    other = fleet.start("a")
    wait_until(lambda: other.lines("a daemon called a is there already"), what=other.log)
    assert fleet.status("a")["slots"] == 0
    assert other.get("/-/ready").status == 503
    assert json.loads(a.get("/api/v1/cluster").body)["slots"] == SLOTS


def test_who_shares_with_nobody_says_so(primary, watch):
    daemon = watch([{"name": "one", "ip": primary.host, "port": primary.port}])
    done = client(path_of(daemon), "cluster")
    assert done.returncode == 1 and "shares its fleet with nobody" in done.stdout + done.stderr
    assert daemon.get("/api/v1/cluster").status == 404
    assert "pgstatsmon_cluster_members" not in daemon.get().body.decode()
