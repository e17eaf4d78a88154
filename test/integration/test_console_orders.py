"""The console's orders: poll, pause, resume and log."""

import json
import re

import pytest
from harness.catalogue import AT_EACH_POLL
from harness.console import client, data, masked, path_of, row, say
from harness.daemon import BY_ORDER, backend, polls
from harness.network import address, free_port
from harness.waiting import wait_until


class Nothing:
    """Nobody listens here."""

    host, port = address(), free_port()


NAMES = ["one", "two", "with a blank"]


@pytest.fixture(scope="module")
def primary(cluster):
    """One server, at an address for each name."""
    server = cluster(listen=[address(i) for i in range(1, 4)]).start()
    server.role()
    return server


@pytest.fixture
def daemon(primary, watch):
    daemon = watch([{"name": name, "ip": host, "port": primary.port}
                    for name, host in zip(NAMES, primary.listen)])
    daemon.wait_up(*NAMES)
    return daemon


# -- poll ------------------------------------------------------------------------------------------


def test_poll(primary, watch):
    daemon = watch([backend("one", primary), backend("dead", Nothing)], interval=BY_ORDER)
    daemon.wait_up("one")
    before = polls(daemon.scrape(), "one")
    primary.psql("create table if not exists new (id int)")
    x = data(daemon, "poll", "one")
    assert list(x)[:3] == ["poll", "poll_seconds", "poll_rows"]
    assert x["poll"] == "ok" and 0 < x["poll_seconds"] < 10 and x["poll_rows"] > 5
    assert x["backend"] == "one" and x["age_seconds"] < 10
    asked = {y["query"] for y in x["plan"] if y["left_out"] is None}
    assert set(AT_EACH_POLL) <= {y["query"] for y in x["last_poll"]} <= asked
    page = daemon.scrape()
    assert polls(page, "one") == before + 1
    assert page.find("pg_stat_user_tables_n_live_tup", backend="one", relname="new")

    text = say(daemon, "poll", "one")
    assert masked(text).startswith("poll  ok\ntook  TIME\nrows  N\n\nbackend  one\n")
    assert polls(daemon.scrape(), "one") == before + 2


def test_poll_of_a_dead_backend(primary, watch):
    daemon = watch([backend("dead", Nothing)], interval=BY_ORDER)
    failures = "pgstatsmon_backend_failures_total"
    daemon.wait_for(lambda page: page.total(failures, backend="dead") > 0)
    done = client(path_of(daemon), "poll", "dead")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert masked(said).startswith("poll  not polled, as it is not connected\n")
    assert "refused" in said and "Connection refused" in said
    # What was before the failure is of no interest.
    assert len(said.splitlines()) <= 5
    done = client(path_of(daemon), "poll", "dead", "--json")
    assert done.returncode == 1
    x = json.loads(done.stdout + done.stderr)
    assert x["poll_seconds"] is None and x["failure"] == "refused"


# -- pause and resume ------------------------------------------------------------------------------


def paused(page):
    """The backends whose polls an order stops."""
    found = page.find("pgstatsmon_backend_paused")
    return sorted(labels["backend"] for labels, value in found if value == 1)


def rested(daemon, *NAMES):
    """Waits until a poll under way has ended; the page then."""
    return daemon.wait_for(
        lambda page: all(page.state("pgstatsmon_backend_state", backend=x) == "ready"
                         for x in NAMES))


def test_pause_and_resume(daemon):
    assert say(daemon, "pause", "one") == "paused  1\n"
    assert paused(daemon.scrape()) == ["one"]
    resting = rested(daemon, "one")
    before = polls(resting, "one")
    skipped = resting.value("pgstatsmon_polls_skipped_total", backend="one")
    # Four intervals of another's polls, and none of its own.
    page = daemon.wait_polls("two", 4)
    assert polls(page, "one") == before
    assert paused(page) == ["one"]
    assert page.value("pg_up", backend="one") == 1
    assert page.value("pgstatsmon_polls_skipped_total", backend="one") == skipped
    assert page.value("pgstatsmon_backend_connects_total", backend="one") == 1
    x = data(daemon, "scheduler")
    assert x["paused_count"] == 1 and not x["all_paused"]
    assert x["paused"] == [{"backend": "one", "left_seconds": None, "disconnected": False}]
    # The first is under way.
    assert x["ticks"][1]["paused"] == 1 and x["ticks"][1]["due"] == 2
    assert "one      until resumed" in say(daemon, "scheduler")
    assert row(data(daemon, "backends"), backend="one")["next_poll_seconds"] is None

    assert data(daemon, "resume", "one") == {"resumed": 1}
    assert paused(daemon.scrape()) == []
    daemon.wait_polls("one", 3)
    assert data(daemon, "resume", "one") == {"resumed": 0}
    assert daemon.lines("warn", "polling of one is paused by order")
    assert daemon.lines("info", "polling of one is resumed")
    assert not daemon.lines("the pause is over")


def test_pause_all(daemon):
    assert say(daemon, "pause", "--all") == "paused  3\n"
    assert paused(daemon.scrape()) == NAMES
    before = rested(daemon, *NAMES)
    ticks = "pgstatsmon_tick_duration_seconds_count"
    page = daemon.wait_for(lambda page: page.value(ticks) >= before.value(ticks) + 4)
    assert all(polls(page, x) == polls(before, x) for x in NAMES)
    assert data(daemon, "scheduler")["all_paused"] is True

    # One that is asked for by name is polled all the same.
    assert data(daemon, "poll", "one")["poll"] == "ok"
    page = daemon.scrape()
    assert polls(page, "one") == polls(before, "one") + 1 and "one" in paused(page)

    assert say(daemon, "resume", "--all") == "resumed  3\n"
    for name in NAMES:
        daemon.wait_polls(name, 1)
    assert paused(daemon.scrape()) == []


def test_a_pause_ends_by_itself(daemon):
    assert data(daemon, "pause", "with a blank", "8s") == {"paused": 1}
    left = data(daemon, "scheduler")["paused"]
    assert [x["backend"] for x in left] == ["with a blank"] and 0 < left[0]["left_seconds"] <= 8
    page = rested(daemon, "with a blank")
    before, others = polls(page, "with a blank"), polls(page, "two")
    page = daemon.wait_for(lambda page: polls(page, "with a blank") > before)
    assert paused(page) == []
    # At least three of the forty ticks of eight seconds passed without it.
    assert polls(page, "two") >= others + 3
    assert data(daemon, "scheduler")["paused_count"] == 0


def test_a_backend_that_comes_while_all_are_paused(primary, directory, watch):
    path = directory / "targets.json"
    entries = [{"name": name, "ip": host, "port": primary.port}
               for name, host in zip(("one", "new"), primary.listen)]
    path.write_text(json.dumps(entries[:1]))
    daemon = watch([], static=None, file=[{"path": str(path)}])
    daemon.wait_up("one")
    say(daemon, "pause", "--all")
    path.write_text(json.dumps(entries))
    page = daemon.wait_for(lambda page: paused(page) == ["new", "one"])
    assert polls(page, "new") == 0
    assert say(daemon, "resume", "--all") == "resumed  2\n"
    daemon.wait_up("new")


# -- log -------------------------------------------------------------------------------------------


def level_of(line):
    return re.search(r"Z (\w+)", line)[1]


def lines_after(daemon, before):
    return daemon.log()[len(before):].splitlines()


def test_log_level(daemon):
    assert say(daemon, "log") == "level  info\n\nbackends with a level of their own: none\n"
    assert data(daemon, "log", "debug") == {"level": "debug", "backends": []}
    say(daemon, "log", "trace")
    wait_until(lambda: daemon.lines(" trace ", "pg_stat_bgwriter_buffers_alloc"), 10, "traces")
    say(daemon, "log", "error")
    before = daemon.log()
    daemon.wait_polls("one", 3)
    assert {level_of(x) for x in lines_after(daemon, before)} <= {"error"}
    assert data(daemon, "log")["level"] == "error"
    say(daemon, "log", "info")


def test_log_level_of_a_backend(daemon):
    x = data(daemon, "log", "trace", "--backend", "with a blank")
    assert x == {"level": "info", "backends": [{"backend": "with a blank", "level": "trace"}]}
    before = daemon.log()
    daemon.wait_polls("with a blank", 2)
    daemon.wait_polls("one", 2)
    lines = lines_after(daemon, before)
    assert {level_of(x) for x in lines} >= {"trace"}
    chatty = [x for x in lines if level_of(x) in ("trace", "debug")]
    assert any("pg_stat_bgwriter_buffers_alloc" in x for x in chatty)
    assert all("with a blank" in x for x in chatty), chatty
    assert data(daemon, "backend", "with a blank")["log_level"] == "trace"
    assert data(daemon, "backend", "one")["log_level"] is None

    assert data(daemon, "log", "default", "--backend", "with a blank")["backends"] == []
    daemon.wait_polls("with a blank", 1)
    before = daemon.log()
    daemon.wait_polls("with a blank", 2)
    assert lines_after(daemon, before) == []


def test_a_backend_can_be_quiet(primary, watch):
    daemon = watch([backend("dead", Nothing), backend("one", primary)],
                   environment={"LOG_LEVEL": "debug"})
    daemon.wait_up("one")
    say(daemon, "log", "fatal", "--backend", "dead")
    before = daemon.log()
    failures = daemon.scrape().total("pgstatsmon_backend_failures_total", backend="dead")
    daemon.wait_for(
        lambda page: page.total("pgstatsmon_backend_failures_total", backend="dead")
        >= failures + 2)
    assert not [x for x in lines_after(daemon, before) if "dead" in x]
    done = client(path_of(daemon), "log", "default")
    assert done.returncode == 1 and "log default --backend NAME" in done.stderr
