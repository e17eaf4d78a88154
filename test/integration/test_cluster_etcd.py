"""Three daemons share a fleet by leases in a real etcd, and what becomes of both."""

import json
import signal
import time

import pytest
from harness.console import data
from harness.etcd import Etcd, certificates, etcd_of_three
from harness.sharing import BACKENDS, SLOTS, TTL, Fleet, Watcher, fleet_servers, took
from harness.waiting import wait_until

NAMESPACE = "/test/pgstatsmon"


@pytest.fixture(scope="module")
def servers(cluster):
    return fleet_servers(cluster)


@pytest.fixture
def etcd(directory):
    server = Etcd(directory).start()
    yield server
    server.remove()


def keys(place):
    """Leases as keys of the etcd that is there."""
    return {"etcd": {"endpoints": [f"http://{place.host}:{place.port}"], "namespace": NAMESPACE}}


@pytest.fixture
def fleet(directory, servers, etcd):
    result = Fleet(directory, servers, etcd, keys)
    yield result
    result.close()


def counts(fleet, name):
    """What a member has counted that should not happen."""
    page = fleet.daemons[name].scrape()
    return {x: page.value(f"pgstatsmon_cluster_{x}_total")
            for x in ("brain_splits", "watchdog_triggers", "engine_failures")}


def requests(fleet, name):
    return fleet.daemons[name].scrape().value("pgstatsmon_etcd_requests_total", client="cluster")


def nothing_odd(fleet):
    for name, daemon in fleet.daemons.items():
        assert counts(fleet, name)["brain_splits"] == 0, name
        assert daemon.scrape().value("pgstatsmon_cluster_doubtful") == 0


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


def test_a_quiet_fleet_asks_little(fleet, etcd):
    for name in "ab":
        fleet.start(name)
    fleet.wait_settled("a", "b")
    before, since = requests(fleet, "a"), time.monotonic()
    # Keepalives are the clock: the lease is prolonged three times in its time.
    wait_until(lambda: time.monotonic() - since > TTL, what="a lease's time")
    asked = requests(fleet, "a") - before
    assert 2 <= asked <= 12, asked


def secret_file(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_with_tls_and_passwords(directory, servers):
    tls = certificates(directory / "etcd-tls")
    etcd = Etcd(directory, tls=tls).start()
    etcd.want_passwords("monitor", "secret word", f"{NAMESPACE}/", may="READWRITE")
    user = directory / "etcd-user"
    secret_file(user, "monitor:wrong\n")
    tls.client_key.chmod(0o600)

    def engine(place):
        return {"etcd": {"endpoints": [place.url], "namespace": NAMESPACE, "ca_file": str(tls.ca),
                         "certificate_file": str(tls.client_certificate),
                         "key_file": str(tls.client_key), "password_file": str(user)}}

    fleet = Fleet(directory, servers, etcd, engine)
    try:
        a = fleet.start("a")
        wait_until(lambda: a.get("/-/ready").status == 503 and fleet.status("a")["problem"],
                   what="it is refused")
        assert "authentication failed" in fleet.status("a")["problem"]
        assert "secret" not in a.log() and "wrong" not in a.log()
        secret_file(user, "monitor:secret word\n")
        fleet.start("b")
        fleet.wait_settled("a", "b")
        # Its tokens are gone with it.
        taken = {name: fleet.status(name)["taken"] for name in "ab"}
        etcd.stop()
        etcd.start()
        for name in "ab":
            before = requests(fleet, name)
            wait_until(lambda name=name, before=before: requests(fleet, name) > before
                       and fleet.status(name)["engine_answers"], what="it is back")
        assert {name: fleet.status(name)["taken"] for name in "ab"} == taken
        fleet.daemons.pop("b").stop()
        fleet.wait_settled("a")
    finally:
        fleet.close()
        etcd.remove()


def test_an_etcd_of_three_that_loses_its_leader_moves_nothing(directory, servers):
    etcds = etcd_of_three(directory)
    fleet = Fleet(directory, servers, etcds[0], lambda _: {
        "etcd": {"endpoints": [x.url for x in etcds], "namespace": NAMESPACE}})
    try:
        for name in "ab":
            fleet.start(name)
        fleet.wait_settled("a", "b")
        taken = {name: fleet.status(name)["taken"] for name in "ab"}
        with Watcher(fleet) as seen:
            leader = next(x for x in etcds if x.leads())
            leader.stop()
            since = time.monotonic()
            others = [x for x in etcds if x is not leader]
            wait_until(lambda: any(x.leads() for x in others), what="another leads")
            print(f"leader of three killed: another one leads after {took(since)} s")
            before = {name: requests(fleet, name) for name in "ab"}
            for name in "ab":
                wait_until(lambda name=name: requests(fleet, name) >= before[name] + 3
                           and fleet.status(name)["engine_answers"], what=f"{name} goes on")
            assert fleet.settled("a", "b")
            assert {name: fleet.status(name)["taken"] for name in "ab"} == taken
            nothing_odd(fleet)
            # What there is left of it is enough to hand over by.
            fleet.daemons.pop("b").stop()
            fleet.wait_settled("a")
        assert seen.looks > 10 and not seen.doubled
    finally:
        fleet.close()
        for x in etcds:
            x.remove()
