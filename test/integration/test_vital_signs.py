"""How servers are: what the console and /api/v1/backends/NAME/history say of a load, of a session
that waits and of a transaction that nobody ends."""

import json
import time

import pytest
from harness.console import data, row, say
from harness.daemon import backend
from harness.network import address, free_port
from harness.waiting import wait_until

SIGNS = ["transactions", "sessions_active", "sessions_waiting", "sessions_idle_in_transaction",
         "sessions", "max_connections", "lag", "wal", "blocks_hit", "blocks_read", "checkpoints",
         "oldest_transaction", "slots_wal", "xmin_age", "deadlocks", "temp_bytes"]


class Nothing:
    """Nobody listens here."""

    host, port = address(), free_port()


@pytest.fixture(scope="module")
def servers(primary, cluster):
    primary.psql("create database app")
    primary.psql("create table t (n int)", database="app")
    return primary, cluster.standby_of(primary).start()


@pytest.fixture
def daemon(servers, watch):
    daemon = watch([backend("one", servers[0]), backend("other", servers[1]),
                    backend("dead", Nothing)])
    daemon.wait_up("one", "other")
    daemon.wait_asked("one", "other")
    return daemon


def history(daemon, name):
    return json.loads(daemon.get(f"/api/v1/backends/{name}/history").body)


def known(points, sign):
    return [x[sign] for x in points if x[sign] is not None]


def top(daemon, name):
    return row(data(daemon, "top")["backends"], backend=name)


def test_every_sign_is_known(servers, daemon):
    for name in ("one", "other"):
        said = history(daemon, name)
        assert [x["sign"] for x in said["signs"]] == SIGNS
        assert list(said["points"][-1]) == ["time", "up", "poll_seconds", *SIGNS]
        unknown = [x for x in SIGNS if not known(said["points"], x)]
        assert not unknown, name
        last = said["points"][-1]
        assert abs(last["time"] + 15 - time.time()) <= 20
        assert {b["time"] - a["time"] for a, b in zip(said["points"], said["points"][1:])} <= {30}
        settings = int(servers[0].psql("show max_connections"))
        assert known(said["points"], "max_connections")[-1] == settings
        assert 0 < max(known(said["points"], "up")) <= 1
        assert 0 < max(known(said["points"], "poll_seconds")) < 60
        assert max(known(said["points"], "sessions_active")) >= 1


def test_history_shows_a_load_that_began(servers, daemon):
    before = max(known(history(daemon, "one")["points"], "transactions"))
    assert before < 10
    session = servers[0].session("app")
    wal = max(known(history(daemon, "one")["points"], "wal"))

    def loaded():
        # A server's counts are as new as the last moment in which a session was idle.
        for _ in range(100):
            session.run("insert into t select generate_series(1, 100)")
        points = history(daemon, "one")["points"]
        return max(known(points, "transactions")) > before + 20 and points

    points = wait_until(loaded, what="transactions per second are seen")
    assert max(known(points, "wal")) > wal
    chart = next(x for x in say(daemon, "backend", "one").splitlines()
                 if x.startswith("transactions/s "))
    assert "█" in chart and len(chart) <= 80
    # The standby replays as much.
    wait_until(lambda: max(known(history(daemon, "other")["points"], "wal")) > wal,
               what="the standby's WAL grows")


def test_top_shows_who_waits_and_who_ends_nothing(servers, daemon):
    first, second, idle = (servers[0].session("app") for _ in range(3))
    idle.run("begin; select count(*) from t")
    first.run("begin; lock table t in share row exclusive mode")
    second.send("begin; lock table t in share row exclusive mode")
    seen = wait_until(lambda: (x := top(daemon, "one"))["sessions_waiting"] and x,
                      what="somebody waits")
    assert seen["sessions_waiting"] == 1
    assert seen["sessions_idle_in_transaction"] == 2
    assert seen["sessions_active"] >= 2
    assert seen["oldest_transaction"] > 0
    lines = say(daemon, "top").splitlines()
    assert all(len(line) <= 80 for line in lines)
    heads = next(x for x in lines if x.startswith("backend ")).split()
    assert heads == ["backend", "is", "age", "poll", "tx/s", "act", "wait", "idle", "lag", "xact"]
    cells = dict(zip(heads, next(x for x in lines if x.startswith("one ")).split()))
    assert (cells["is"], cells["wait"], cells["idle"]) == ("primary", "1", "2")
    # Whom somebody waits at is worse than who works, and better than who does not answer.
    order = [x["backend"] for x in data(daemon, "top")["backends"]]
    assert order == ["dead", "one", "other"]

    first.run("rollback")
    second.finish()
    for session in (idle, second):
        session.run("rollback")
    wait_until(lambda: top(daemon, "one")["sessions_idle_in_transaction"] == 0,
               what="all transactions have ended")
    assert top(daemon, "one")["sessions_waiting"] == 0
    assert max(known(history(daemon, "one")["points"], "sessions_waiting")) == 1


def test_who_never_answered_has_no_history(daemon):
    said = history(daemon, "dead")
    assert said["points"] == [] and said["up"] is False
    assert "vital_signs" not in data(daemon, "backend", "dead")
    cells = next(x for x in say(daemon, "top").splitlines() if x.startswith("dead ")).split()
    assert cells == ["dead", "refused", *["-"] * 8]
    assert daemon.get("/api/v1/backends/nobody/history").status == 404


def test_an_outage_is_seen(servers, daemon):
    servers[1].stop()
    down = wait_until(lambda: (x := top(daemon, "other"))["up"] is False and x, what="it is down")
    assert down["lag"] is None
    wait_until(lambda: history(daemon, "other")["points"][-1]["up"] < 1, what="up falls")
    servers[1].start()
    daemon.wait_up("other")
    wait_until(lambda: top(daemon, "other")["lag"] is not None, what="it is well again")
