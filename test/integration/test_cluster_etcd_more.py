"""A fleet's leases in an etcd that wants certificates and passwords, in one of three, behind a link
that is cut, and what is asked of it."""

import time

import pytest
from harness.etcd import Etcd, certificates, etcd_of_three
from harness.proxy import Proxy
from harness.sharing import (BACKENDS, NAMESPACE, SLOTS, TTL, Fleet, Watcher, counts, fleet_servers, keys,
                             nothing_odd, requests, took)
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def servers(cluster):
    return fleet_servers(cluster)


@pytest.fixture
def fleet(directory, servers):
    etcd = Etcd(directory).start()
    result = Fleet(directory, servers, etcd, keys)
    yield result
    result.close()
    etcd.remove()


def test_a_quiet_fleet_asks_little(fleet):
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


@pytest.mark.parametrize("cut_off", ["keep", "stop"])
def test_one_that_is_cut_off_alone(fleet, cut_off):
    """Both go on, or the one that nobody hears of ends before another one begins."""
    with Proxy(fleet.keeper) as way, Watcher(fleet) as seen:
        fleet.start("a")
        alone = fleet.start("b", keeper=way, cluster={"cut_off": cut_off})
        fleet.wait_settled("a", "b")
        assert not seen.doubled
        since = time.monotonic()
        way.refuse()
        wait_until(lambda: fleet.up("a") == BACKENDS, what="a polls all", every=0.1)
        print(f"cut off, {cut_off}: the other polls all after {took(since)} s")
        assert fleet.status("b")["doubtful"]
        if cut_off == "keep":
            assert fleet.status("b")["slots"] == SLOTS / 2 and fleet.up("b") > 0
            assert alone.lines("others may poll what this daemon polls")
            wait_until(lambda: seen.doubled, what="both poll")
        else:
            assert fleet.status("b")["slots"] == fleet.up("b") == 0
            assert not seen.doubled
        since = time.monotonic()
        way.accept()
        fleet.wait_settled("a", "b")
        print(f"cut off, {cut_off}: all as before after {took(since)} s")
    assert counts(fleet, "b")["brain_splits"] == (SLOTS / 2 if cut_off == "keep" else 0)
