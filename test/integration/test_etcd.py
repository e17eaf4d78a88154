"""Patroni's keys in a real etcd: what is found, how soon, and what an etcd that misbehaves costs."""

import subprocess

import pytest
from harness.daemon import BINARY, Daemon, configuration
from harness.etcd import Etcd
from harness.network import address
from harness.proxy import Proxy
from harness.waiting import wait_until

# Nothing listens there: discovery is what is tested.
NOWHERE = address(63)


@pytest.fixture
def etcd(directory):
    server = Etcd(directory).start()
    yield server
    server.remove()


def member(etcd, scope, name, token=None, **more):
    value = {"conn_url": f"postgres://{NOWHERE}:5432/postgres", "state": "running",
             "role": "replica", "timeline": 1, **more}
    etcd.put(f"/service/{scope}/members/{name}", value, **({"token": token} if token else {}))


def cluster(etcd, scope, members, leader=None, **config):
    for name in members:
        member(etcd, scope, name)
    etcd.put(f"/service/{scope}/leader", leader or members[0])
    etcd.put(f"/service/{scope}/config", {"ttl": 30, **config})


def source(url, **more):
    limits = {"endpoints": [url], "connect_timeout": 1000, "request_timeout": 2000}
    return {"etcd": {**limits, **more.pop("etcd", {})}, "poll_interval": "1h",
            "shrink": {"recheck": 1000}, **more}


@pytest.fixture
def follow(directory):
    daemons = []

    def start(**options):
        daemons.append(Daemon(directory, configuration([], static=None, **options)).start())
        wait_until(daemons[-1].answers, what="the page")
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()


def known(page):
    return {labels["backend"] for labels, _ in page.find("pg_up")}


def wait_known(daemon, *names):
    return daemon.wait_for(lambda page: known(page) == set(names), what=f"{names} are known")


def failures(page, reason):
    return page.value("pgstatsmon_discovery_failures_total", source="patroni", reason=reason)


def test_members_become_backends_and_patronis_words_are_on_the_page(etcd, follow):
    cluster(etcd, "orders", ["a", "b"], pause=True, failsafe_mode=True)
    member(etcd, "orders", "b", pending_restart=True, timeline=7)
    member(etcd, "orders", "c", state="creating replica")
    cluster(etcd, "billing", ["d"], leader="gone")
    cluster(etcd, "other", ["e"])
    daemon = follow(patroni=source(etcd.url, scopes=["orders", "bill*"]))
    page = wait_known(daemon, "orders-a", "orders-b", "billing-d")
    labels, _ = page.find("pg_up", backend="orders-b")[0]
    assert (labels["cluster"], labels["member"]) == ("orders", "b")

    def says(name, **labels):
        return page.value(f"pgstatsmon_patroni_{name}", source="patroni", **labels)

    assert says("paused", cluster="orders") == 1
    assert says("failsafe", cluster="orders") == 1
    assert says("paused", cluster="billing") == 0
    assert says("members", cluster="orders") == 3
    assert says("has_leader", cluster="billing") == 1
    assert says("member_leader", cluster="orders", member="a") == 1
    assert says("member_leader", cluster="billing", member="d") == 0
    assert says("member_pending_restart", cluster="orders", member="b") == 1
    assert says("member_timeline", cluster="orders", member="b") == 7
    assert says("member_running", cluster="orders", member="c") == 0
    assert says("dcs_last_seen_timestamp_seconds", cluster="orders") > 1e9
    assert not page.find("pgstatsmon_patroni_paused", cluster="other")


def test_a_watch_shows_a_new_leader_and_a_new_member(etcd, follow):
    cluster(etcd, "orders", ["a", "b"])
    daemon = follow(patroni=source(etcd.url))  # that asks once an hour
    wait_known(daemon, "orders-a", "orders-b")

    def leads(page):
        found = page.find("pgstatsmon_patroni_member_leader", cluster="orders")
        return {labels["member"] for labels, value in found if value == 1}

    etcd.put("/service/orders/leader", "b")
    daemon.wait_for(lambda page: leads(page) == {"b"}, what="the new leader")
    member(etcd, "orders", "c")
    wait_known(daemon, "orders-a", "orders-b", "orders-c")
    # What Patroni writes with every loop is no reason to ask.
    asked = daemon.scrape().value("pgstatsmon_discovery_poll_duration_seconds_count", source="patroni")
    for lsn in range(20):
        etcd.put("/service/orders/status", {"optime": lsn})
        member(etcd, "orders", "c", xlog_location=lsn)
    etcd.put("/service/orders/leader", "a")
    daemon.wait_for(lambda page: leads(page) == {"a"}, what="the old leader")
    page = daemon.scrape()
    assert page.value("pgstatsmon_discovery_poll_duration_seconds_count", source="patroni") <= asked + 3


def test_an_etcd_that_comes_back_is_watched_again(etcd, follow):
    cluster(etcd, "orders", ["a"])
    daemon = follow(patroni=source(etcd.url))
    wait_known(daemon, "orders-a")
    etcd.stop()
    etcd.start()
    etcd.compact()
    member(etcd, "orders", "b")
    wait_known(daemon, "orders-a", "orders-b")


def test_an_etcd_that_is_away_costs_no_backend(etcd, follow):
    cluster(etcd, "orders", ["a", "b"])
    daemon = follow(patroni=source(etcd.url, poll_interval=300))
    wait_known(daemon, "orders-a", "orders-b")
    etcd.stop()
    daemon.wait_for(lambda page: failures(page, "connect") > 1, what="failures")
    assert known(daemon.scrape()) == {"orders-a", "orders-b"}
    etcd.start()
    daemon.wait_for(lambda _: daemon.lines("patroni", "answers again"), what="recovery")


def test_an_etcd_that_is_frozen_costs_no_backend(etcd, follow):
    cluster(etcd, "orders", ["a"])
    with Proxy(etcd) as proxy:
        daemon = follow(patroni=source(f"http://{proxy.host}:{proxy.port}", poll_interval=300))
        wait_known(daemon, "orders-a")
        proxy.frozen = True
        daemon.wait_for(lambda page: failures(page, "connect") > 0, what="failures")
        assert known(daemon.scrape()) == {"orders-a"}
        member(etcd, "orders", "b")
        proxy.frozen = False
        proxy.cut()
        wait_known(daemon, "orders-a", "orders-b")


def test_a_wiped_etcd_costs_no_backend(etcd, follow):
    cluster(etcd, "orders", ["a", "b"])
    daemon = follow(patroni=source(etcd.url, poll_interval=300))
    wait_known(daemon, "orders-a", "orders-b")
    etcd.delete("/service/")
    daemon.wait_for(lambda page: failures(page, "contradiction") > 2, what="failures")
    assert known(daemon.scrape()) == {"orders-a", "orders-b"}
    assert daemon.lines("patroni", "etcd has nothing under /service/")
    # And one that is another cluster behind the same name.
    before = failures(daemon.scrape(), "contradiction")
    etcd.wipe()
    etcd.start()
    cluster(etcd, "strange", ["x"])
    daemon.wait_for(lambda page: failures(page, "contradiction") > before, what="another cluster")
    assert known(daemon.scrape()) == {"orders-a", "orders-b"}


def test_a_dead_endpoint_is_left_for_one_that_works(etcd, follow):
    cluster(etcd, "orders", ["a"])
    endpoints = [f"http://{NOWHERE}:1", etcd.url, f"http://{NOWHERE}:2"]
    daemon = follow(patroni=source(etcd.url, etcd={"endpoints": endpoints}))
    wait_known(daemon, "orders-a")


def test_passwords_are_used_and_tokens_renewed(etcd, follow, directory):
    cluster(etcd, "orders", ["a"])
    etcd.want_passwords("monitor", "secret word", "/service/")
    password = directory / "etcd-password"
    password.write_text("monitor:wrong\n")
    password.chmod(0o600)
    daemon = follow(
        patroni=source(etcd.url, poll_interval=300, etcd={"password_file": str(password)})
    )
    daemon.wait_for(lambda page: failures(page, "status") > 0, what="refused")
    assert not daemon.lines("wrong")
    password.write_text("monitor:secret word\n")
    wait_known(daemon, "orders-a")
    # Its simple tokens are gone with it.
    etcd.stop()
    etcd.start()
    root = etcd.authenticate("root", "secret word")
    member(etcd, "orders", "b", token=root)
    wait_known(daemon, "orders-a", "orders-b")


def test_discover_shows_members_and_what_stands_in_the_way(etcd, directory):
    cluster(etcd, "orders", ["a"])
    member(etcd, "orders", "b", state="stopped")
    daemon = Daemon(directory, configuration([], static=None, patroni=source(etcd.url)))
    out = subprocess.run([BINARY, "--discover", daemon.file], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out
    assert 'cluster="orders",member="a"' in out.stdout
    assert "its state is stopped" in out.stdout
    etcd.stop()
    out = subprocess.run([BINARY, "--discover", daemon.file], capture_output=True, text=True, timeout=60)
    assert out.returncode == 1, out
    assert "etcd:" in out.stdout
