"""A real Patroni with three servers, from its bootstrap to a member that is made anew."""

import pytest
from harness.daemon import Daemon, configuration
from harness.etcd import Etcd
from harness.patroni import STEP, Patroni
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def etcd(directory):
    server = Etcd(directory).start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def patroni(directory, etcd):
    cluster = Patroni(directory, etcd)
    yield cluster
    cluster.remove()


def config(**source):
    limits = {"poll_interval": 1000, "shrink": {"recheck": 1000}}
    return configuration([], static=None, interval=500, patroni={**limits, **source},
                         setup={"user": "postgres"})


@pytest.fixture(scope="module")
def daemon(directory, etcd, patroni):
    """It is there before the cluster."""
    daemon = Daemon(directory, config(etcd={"endpoints": [etcd.url]})).start()
    wait_until(daemon.answers, what="the page")
    patroni.start()
    yield daemon
    daemon.stop()


def name(member):
    return f"orders-{member}"


def believed(page):
    """Who leads, as Patroni says."""
    found = page.find("pgstatsmon_patroni_member_leader", cluster="orders")
    return {labels["member"] for labels, value in found if value == 1}


def wait_role(daemon, leader, *others):
    """Waits until these answer, each in its role, by what their servers say."""

    def right(page):
        up = all(page.value("pg_up", backend=name(x)) == 1 for x in (leader, *others))
        roles = {x: page.find("pgstatsmon_backend_info", backend=name(x)) for x in (leader, *others)}
        measured = {x: found[0][0]["role"] for x, found in roles.items() if found}
        expected = {leader: "primary", **{x: "standby" for x in others}}
        return up and believed(page) == {leader} and measured == expected

    return daemon.wait_for(right, STEP, f"{leader} leads {others}")


def test_members_are_backends_once_they_have_a_server(daemon, patroni):
    page = wait_role(daemon, "a", "b", "c")
    labels, _ = page.find("pg_up", backend="orders-b")[0]
    assert (labels["cluster"], labels["member"]) == ("orders", "b")


def test_a_switchover_is_seen(daemon, patroni):
    wait_role(daemon, "a", "b", "c")
    status, text = patroni.members["a"].ask("/switchover", "POST", leader="a", candidate="b")
    assert status == 200, text
    wait_role(daemon, "b", "a", "c")


def test_a_pause_is_on_the_page(daemon, patroni):
    patroni.members["a"].ask("/config", "PATCH", pause=True)
    daemon.wait_for(
        lambda page: page.value("pgstatsmon_patroni_paused", cluster="orders") == 1, STEP, "the pause"
    )
    patroni.members["a"].ask("/config", "PATCH", pause=False)
    daemon.wait_for(
        lambda page: page.value("pgstatsmon_patroni_paused", cluster="orders") == 0, STEP, "its end"
    )


def test_a_leader_that_is_killed_is_down_and_then_another_leads(daemon, patroni):
    leader = patroni.wait_leader(*"abc")
    others = set("abc") - {leader}
    patroni.members[leader].kill()
    daemon.wait_for(
        lambda page: page.value("pg_up", backend=name(leader)) in (0, None), STEP, "it is down"
    )
    daemon.wait_for(lambda page: believed(page) & others, STEP, "another leads")
    new = patroni.wait_leader(*others)
    wait_role(daemon, new, *(others - {new}))
    patroni.members[leader].start()
    wait_role(daemon, new, *(set("abc") - {new}))


def test_a_member_that_is_made_anew_is_watched_again(daemon, patroni):
    leader = patroni.wait_leader(*"abc")
    other = min(set("abc") - {leader})
    wait_role(daemon, leader, *(set("abc") - {leader}))
    before = patroni.members[other].server()
    patroni.wait(lambda: patroni.members[other].ask("/reinitialize", "POST", force=True)[0] == 200,
                 "it is being made anew")
    patroni.wait(lambda: patroni.members[other].server() not in (None, before), "a new server")
    wait_role(daemon, leader, *(set("abc") - {leader}))


def test_the_rest_interface_says_the_same(daemon, patroni, directory):
    leader = patroni.wait_leader(*"abc")
    wait_role(daemon, leader, *(set("abc") - {leader}))
    urls = [patroni.members["a"].url, patroni.members["b"].url]
    asking = Daemon(directory, config(rest={"urls": urls})).start()
    try:
        wait_until(asking.answers, what="the page")
        wait_role(asking, leader, *(set("abc") - {leader}))
    finally:
        asking.stop()


def test_an_etcd_that_is_away_costs_no_backend(daemon, patroni, etcd):
    leader = patroni.wait_leader(*"abc")
    wait_role(daemon, leader, *(set("abc") - {leader}))
    etcd.stop()

    def failed(page):
        return page.value("pgstatsmon_discovery_failures_total", source="patroni", reason="connect")

    before = failed(daemon.scrape())
    page = daemon.wait_for(lambda page: failed(page) > before, STEP, "failures")
    assert {x["backend"] for x, _ in page.find("pg_up")} == {name(x) for x in "abc"}
    etcd.start()
    # Without a DCS Patroni demotes its leader; it takes one again.
    new = patroni.wait_leader(*"abc")
    wait_role(daemon, new, *(set("abc") - {new}))
