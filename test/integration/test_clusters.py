"""What only the whole fleet knows: who follows whom and how far behind, who is missed, who leads."""

import json
import signal

import pytest
from harness.console import say
from harness.daemon import backend
from harness.postgres import Postgres
from harness.waiting import wait_until

INTERVAL = 0.5  # s


def follow(standby, host, port):
    source = f"host={host} port={port} user=postgres application_name={standby.name}"
    standby.psql(f"alter system set primary_conninfo = '{source}'")
    standby.reload()


def follow_nobody(standby):
    standby.psql("alter system set primary_conninfo = ''")
    standby.reload()


def writes(server):
    server.psql("insert into t values (clock_timestamp())")


def replayed(server, by):
    """The standby has all that the server has written."""
    position = server.psql("select pg_current_wal_flush_lsn()")
    done = f"select pg_last_wal_replay_lsn() >= '{position}'"
    wait_until(lambda: by.psql(done) == "t", 30, f"{by.name} has replayed all")


@pytest.fixture
def servers(directory):
    """A primary, a standby of it and one behind that: a cluster with an identifier of its own."""
    made = []

    def standby(name, sender):
        # A base backup of a standby would need full_page_writes.
        made.append(made[0].standby(directory, name))
        made[-1].configure(wal_retrieve_retry_interval="100ms")
        made[-1].start()
        if sender is not made[0]:
            follow(made[-1], sender.host, sender.port)
        return made[-1]

    try:
        made.append(Postgres(directory, "a").initialise())
        made[0].start()
        made[0].role()
        made[0].psql("create table t (at timestamptz)")
        b = standby("b", made[0])
        standby("c", b)
        yield made
    finally:
        for server in reversed(made):
            server.remove()


@pytest.fixture
def seen(servers, watch):
    """The daemon that watches all of them, once it has seen how they stand."""
    daemon = watch([backend(x.name, x) for x in servers], interval=int(1000 * INTERVAL))
    daemon.wait_up("a", "b", "c")
    daemon.wait_for(
        lambda page: attached(page, "b") == ("a", 1) and attached(page, "c") == ("b", 1),
        what="who follows whom is known",
    )
    return daemon


def attached(page, standby):
    found = page.find("pgstatsmon_standby_attached", standby=standby)
    assert len(found) <= 1, found
    return (found[0][0]["upstream"], found[0][1]) if found else (None, None)


def lag(page, standby):
    return page.value("pgstatsmon_standby_lag_seconds", standby=standby)


def writable(page):
    return page.value("pgstatsmon_cluster_writable_servers")


def members(daemon):
    return {x["server"]: x for x in json.loads(daemon.get("/api/v1/clusters").body)}


def test_a_cluster_is_a_tree(servers, seen):
    a, b, c = servers
    page = seen.wait_for(lambda page: lag(page, "b") == 0 and lag(page, "c") == 0, what="no lag")
    system = a.psql("select system_identifier from pg_control_system()")
    assert page.find("pgstatsmon_cluster_info", cluster=system, cluster_name="")
    roles = {
        labels["backend"]: labels["role"]
        for labels, _ in page.find("pgstatsmon_cluster_member_info", cluster=system)
    }
    assert roles == {"a": "primary", "b": "standby", "c": "standby"}
    assert writable(page) == 1
    assert page.value("pgstatsmon_cluster_servers", role="standby") == 2
    assert page.value("pgstatsmon_cluster_without_writable_seconds") == 0
    assert page.total("pgstatsmon_timeline_diverged") == 0
    assert page.total("pgstatsmon_role_changes_total") == 0
    for name in "abc":
        assert abs(page.value("pgstatsmon_backend_clock_offset_seconds", backend=name)) < 0.5

    # An idle primary does not make its standbys late.
    for _ in range(3):
        page = seen.wait_polls("b", 1)
        assert lag(page, "b") == lag(page, "c") == 0

    lines = say(seen, "clusters").splitlines()
    assert lines[0] == f"cluster {system}"
    assert [line.split()[0] for line in lines[2:5]] == ["a", "b", "c"]
    assert [len(line) - len(line.lstrip()) for line in lines[2:5]] == [0, 2, 4]
    assert all(len(line) <= 80 for line in lines)
    said = members(seen)
    assert (said["c"]["upstream"], said["c"]["attached"], said["c"]["lag_seconds"]) == ("b", True, 0)
    assert said["a"]["backends"] == ["a"]
    one = json.loads(seen.get("/api/v1/backends/c").body)
    assert (one["cluster"], one["upstream"], one["attached"]) == (system, "b", True)
    # What is of one backend is on its page, and what is of the cluster is not.
    own = seen.get("/metrics/backends/c").body.decode()
    assert 'pgstatsmon_standby_lag_seconds{backend="c"' in own and "writable" not in own
    assert "pgstatsmon_cluster_writable_servers" in seen.get("/metrics/daemon").body.decode()


def test_the_lag_is_that_of_a_heartbeat(servers, seen):
    a, b, _ = servers
    delay = 3
    settings = {"wal_retrieve_retry_interval": "100ms", "recovery_min_apply_delay": f"{delay}s"}
    b.configure(**settings)
    b.reload()
    writer, reader = a.session(), b.session()

    def heartbeat():
        writer.run("insert into t values (clock_timestamp())")
        return float(reader.run("select extract(epoch from clock_timestamp() - max(at)) from t") or 0)

    # The heartbeat's age on the standby is its lag, to the time between two heartbeats.
    wait_until(lambda: delay < heartbeat() < delay + 1, 30, "the standby is late", every=0.05)
    near = []

    def agrees():
        before = heartbeat()
        said = lag(seen.scrape(), "b")
        by_sender = a.psql(
            "select extract(epoch from replay_lag) from pg_stat_replication"
            " where application_name = 'b'"
        )
        near.append((before, said, by_sender))
        # What the page says is of the newest poll, which is at most an interval old.
        return (
            said and by_sender
            and abs(said - before) < INTERVAL
            and abs(said - float(by_sender)) < INTERVAL
        )

    for _ in range(5):
        wait_until(agrees, 20, lambda: f"{near[-10:]}", every=0.05)
    settled = near[-1]
    assert abs(settled[1] - delay) < 2 * INTERVAL, near


def test_a_standby_whose_link_is_cut_does_not_look_well(servers, seen):
    a, b, c = servers
    follow(b, b.host, 1)
    gone = "select count(*) from pg_stat_wal_receiver where status = 'streaming'"
    wait_until(lambda: b.psql(gone) == "0", 20, "it streams no more")
    seen.wait_for(lambda page: attached(page, "b") == ("a", 0), what="b is detached")
    writes(a)
    page = seen.wait_for(lambda page: lag(page, "b") > 2, what="b is late")
    assert page.value("pg_up", backend="b") == 1
    # Nothing more is written, and it grows with the time.
    before = lag(page, "b")
    page = seen.wait_for(lambda page: lag(page, "b") > before + 2, what="b is later")
    # c has all that b has.
    assert attached(page, "c") == ("b", 1)
    assert abs(lag(page, "c") - lag(page, "b")) < 2 * INTERVAL
    assert members(seen)["b"]["state"] == "detached"
    follow(b, a.host, a.port)
    seen.wait_for(lambda page: attached(page, "b") == ("a", 1), what="it is back")
    seen.wait_for(lambda page: lag(page, "b") == 0 and lag(page, "c") == 0, what="it is level")


def test_a_standby_that_follows_nobody(servers, seen):
    _, b, c = servers
    follow_nobody(c)
    seen.wait_for(lambda page: attached(page, "c") == ("b", 0), what="c is detached")
    follow(c, servers[0].host, servers[0].port)
    seen.wait_for(lambda page: attached(page, "c") == ("a", 1), what="c follows a")


def test_a_promotion_and_the_old_primary_that_comes_back(servers, seen):
    a, b, c = servers
    a.stop("immediate")
    page = seen.wait_for(lambda page: writable(page) == 0, what="nobody takes writes")
    seen.wait_for(
        lambda page: page.value("pgstatsmon_cluster_without_writable_seconds") > 1, what="for a while"
    )
    b.promote()
    page = seen.wait_for(
        lambda page: page.value("pgstatsmon_role_changes_total", backend="b") == 1, what="it is seen"
    )
    assert page.value("pgstatsmon_role_last_change_timestamp_seconds", backend="b")
    assert page.value("pgstatsmon_role_changes_total", backend="c") == 0
    assert writable(page) == 1
    assert page.value("pgstatsmon_cluster_without_writable_seconds") == 0
    writes(b)
    seen.wait_for(
        lambda page: attached(page, "c") == ("b", 1) and lag(page, "c") == 0, what="c follows"
    )
    assert page.total("pgstatsmon_timeline_diverged") == 0

    a.start()
    page = seen.wait_for(lambda page: writable(page) == 2, what="a split brain")
    assert page.value("pgstatsmon_timeline_diverged", backend="a") == 1
    assert page.value("pgstatsmon_timeline_diverged", backend="b") == 0
    assert "split brain, 2 take writes" in say(seen, "clusters").splitlines()[0]

    # As a standby of the new primary it has what that has not.
    writes(a)
    a.psql(f"alter system set primary_conninfo = 'host={b.host} port={b.port} user=postgres'")
    a.stop()
    a.give("standby.signal", "")
    a.start()
    page = seen.wait_for(
        lambda page: page.value("pgstatsmon_role_changes_total", backend="a") == 1, what="a standby"
    )
    page = seen.wait_for(lambda page: writable(page) == 1 and attached(page, "a")[1] == 0)
    assert page.value("pgstatsmon_timeline_diverged", backend="a") == 1


def test_a_standby_that_is_not_watched_is_missed(servers, watch):
    a, b, _ = servers
    daemon = watch([backend("a", a)], interval=int(1000 * INTERVAL))
    name = "b@127.0.0.1"
    page = daemon.wait_for(lambda page: attached(page, name) == ("a", 1), what="b is seen")
    assert page.find("pgstatsmon_standby_attached", standby=name, backend="a")
    b.stop()
    daemon.wait_for(lambda page: attached(page, name) == ("a", 0), what="b is missed")
    b.start()
    daemon.wait_for(lambda page: attached(page, name) == ("a", 1), what="b is back")


def test_a_standby_that_was_not_watched_is_missed_once(servers, watch):
    a, b, _ = servers
    options = {"interval": int(1000 * INTERVAL)}
    daemon = watch([backend("a", a)], **options)
    # Its connections come from another address than the one that it is watched at.
    daemon.wait_for(lambda page: attached(page, "b@127.0.0.1") == ("a", 1), what="b is seen")
    daemon.config["static"]["dbs"].append(backend("b", b))
    daemon.file.write_text(json.dumps(daemon.config))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda page: attached(page, "b") == ("a", 1), what="b is watched")
    follow(b, b.host, 1)
    daemon.wait_for(lambda page: attached(page, "b") == ("a", 0), what="b is missed")
    page = daemon.wait_polls("a", 2)
    assert not page.find("pgstatsmon_standby_attached", standby="b@127.0.0.1")


def test_two_backends_of_one_server_are_one(servers, watch):
    a, b, _ = servers
    again = backend("again", a, database="template1")
    daemon = watch([backend("a", a), again, backend("b", b)], interval=int(1000 * INTERVAL))
    page = daemon.wait_for(
        lambda page: page.find("pgstatsmon_cluster_member_info", backend="again", server="a")
        and attached(page, "b") == ("a", 1),
        what="they are joined",
    )
    assert writable(page) == 1
    assert page.value("pgstatsmon_cluster_servers", role="primary") == 1
    for name in ("backend_clock_offset_seconds", "role_changes_total", "timeline_diverged"):
        assert page.find(f"pgstatsmon_{name}", backend="a"), name
        assert not page.find(f"pgstatsmon_{name}", backend="again"), name
    assert members(daemon)["a"]["backends"] == ["a", "again"]
    # A restart ends both sessions, and they do not come back in the same moment.
    a.stop()
    a.start()
    daemon.wait_up("a", "again")
    page = daemon.wait_polls("again", 2)
    assert writable(page) == 1


def test_a_server_that_hides_its_identifier_is_of_no_cluster(servers, watch):
    a = servers[0]
    a.psql("revoke execute on function pg_control_system() from public")
    a.role("plain", monitor=False)
    config = {"user": "plain", "setup": {"enabled": False}, "interval": int(1000 * INTERVAL)}
    daemon = watch([backend("a", a)], **config)
    daemon.wait_up("a")
    page = daemon.wait_polls("a", 4)
    assert not page.find("pgstatsmon_cluster_info")
    assert not page.find("pgstatsmon_cluster_member_info")
    assert page.value("pgstatsmon_backend_clock_offset_seconds", backend="a") is not None
    assert page.value("pg_up", backend="a") == 1
    assert page.total("pgstatsmon_backend_failures_total", backend="a") == 0
    assert not daemon.lines("pg_control_system") and not daemon.lines("cluster")
    # It is asked once a session.
    refused = "permission denied for function pg_control_system"
    assert a.log().count(refused) == 1
    assert say(daemon, "clusters") .splitlines() == ["clusters  none is known"]
