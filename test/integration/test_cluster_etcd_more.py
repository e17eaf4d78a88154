"""A fleet's leases in an etcd that wants certificates and passwords, in one of three, and what is asked of it."""

import time

import pytest
from harness.etcd import Etcd, certificates, etcd_of_three
from harness.sharing import (NAMESPACE, TTL, Fleet, Watcher, fleet_servers, keys, nothing_odd, requests,
                             took)
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
