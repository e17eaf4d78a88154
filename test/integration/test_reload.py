"""SIGHUP: a right configuration is followed, a wrong one changes nothing."""

import json
import signal

import pytest
from harness.daemon import backend, merged, polls
from harness.waiting import wait_until

DONE = "the configuration was read again"

ONE = """
name: pg_{0}
help: One.
labels: []
metrics:
  - {{column: one, type: gauge, help: One.}}
versions:
  - sql: select 1 as one
"""


def reload(daemon, **changes):
    """Changes the file, asks the daemon to read it, and waits until it has."""
    before = len(daemon.lines(DONE))
    daemon.config = merged(daemon.config, changes)
    daemon.file.write_text(json.dumps(daemon.config))
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(daemon.lines(DONE)) > before, 10, lambda: daemon.log())


def connects(page, name):
    return page.value("pgstatsmon_backend_connects_total", backend=name)


@pytest.fixture
def daemon(primary, watch):
    result = watch([backend("one", primary)])
    result.wait_up("one")
    return result


def test_a_wrong_file_changes_nothing(daemon):
    right = daemon.file.read_text()
    daemon.file.write_text('{\n"intervall": 1,\n"static": {"dbs": [{"name": 7}]}\n}\n')
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(daemon.lines("the old one stays")) == 3, 10, daemon.log)
    lines = daemon.lines("the new configuration is wrong, the old one stays: ")
    for line, path in zip(lines, ("intervall", "static.dbs[0].ip", "static.dbs[0].name")):
        assert f": {path}: " in line and "\\n" not in line
    page = daemon.wait_polls("one", 3)
    assert connects(page, "one") == 1
    daemon.file.write_text(right)


def test_a_new_interval_keeps_connection_and_data(daemon):
    reload(daemon, interval="50ms", log={"level": "debug"}, stale_after="30s")
    page = daemon.wait_polls("one", 10, timeout=5)
    assert connects(page, "one") == 1
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0


def test_new_time_limits_connect_anew_and_lose_nothing(primary, daemon):
    setting = "select setting from pg_settings where name = 'statement_timeout'"
    assert primary.psql(setting) == "0"
    reload(daemon, connections={"query_timeout": "7s"})
    page = daemon.wait_for(lambda page: connects(page, "one") == 2, what="it connects anew")
    page = daemon.wait_polls("one", 1)
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0
    assert page.find("pg_stat_bgwriter_buffers_alloc", backend="one")
    wait_until(lambda: primary.sessions_of() == 1, 5, "one session")


def test_other_labels_keep_connection_and_data(primary, daemon):
    """The next page has the label, and at no moment a page lacks the data."""
    entry = backend("one", primary, labels={"cluster": "a"})
    for value in ("a", "b"):
        entry["labels"]["cluster"] = value
        reload(daemon, static={"dbs": [entry]})
        page = daemon.scrape()
        while not page.find("pg_up", backend="one", cluster=value):
            assert page.find("pg_stat_bgwriter_buffers_alloc", backend="one")
            page = daemon.scrape()
        assert page.find("pg_stat_bgwriter_buffers_alloc", backend="one", cluster=value)
        assert len(page.find("pg_up")) == 1
    assert connects(daemon.wait_polls("one", 2), "one") == 1
    assert daemon.lines("backend one changed (static): labels: it goes on")
    assert not daemon.lines("removed") and not daemon.lines("starts anew")


def test_parameters_of_an_entry_reconnect_it_alone(primary, watch):
    entries = [backend("one", primary), backend("two", primary, database="template1")]
    daemon = watch(entries)
    daemon.wait_up("one", "two")
    entries[0]["parameters"] = {"application_name": "special"}
    reload(daemon, static={"dbs": entries})
    daemon.wait_for(lambda page: connects(page, "one") == 2, what="it connects anew")
    page = daemon.wait_polls("one", 1)
    assert connects(page, "two") == 1
    names = "select string_agg(application_name, ' ' order by application_name) from pg_stat_activity where usename"
    assert primary.psql(f"{names} = 'pgstatsmon'") == "pgstatsmon special"


def wait_for_line(daemon, text):
    """DISCOVERY speaks a moment after who read the configuration."""
    wait_until(lambda: daemon.lines(text), 20, daemon.log)


def test_the_log_says_why_a_backend_starts_anew(primary, daemon):
    reload(daemon, static={"dbs": [backend("one", primary, collect={"off": ["pg_table"]})]})
    wait_for_line(daemon, "backend one changed (static): collect, tables, budget or activity: it starts anew")
    daemon.wait_polls("one", 1)
    reload(daemon, static={"dbs": []}, file=None)
    wait_for_line(daemon, "backend one removed (static): its source is gone")


def test_labels(daemon):
    reload(daemon, target={"metadata": {"zone": "b"}})
    page = daemon.wait_for(
        lambda page: page.find("pg_stat_bgwriter_buffers_alloc", backend="one", zone="b"),
        what="the new label",
    )
    for name in ("pg_up", "pgstatsmon_backends", "process_open_fds"):
        assert page.find(name, zone="b") and len(page.find(name)) == len(page.find(name, zone="b"))


def test_queries(directory, daemon):
    path = directory / "reloaded-queries"
    path.mkdir()
    (path / "one.yaml").write_text(ONE.format("first"))
    reload(daemon, queries=str(path))
    page = daemon.wait_for(lambda page: page.find("pg_first_one"), what="the new query")
    assert not page.find("pg_stat_bgwriter_buffers_alloc")
    (path / "one.yaml").write_text(ONE.format("second"))
    reload(daemon)
    page = daemon.wait_for(lambda page: page.find("pg_second_one"), what="the changed query")
    assert not page.find("pg_first_one")


def test_the_static_list(primary, daemon):
    both = [backend("one", primary), backend("two", primary, database="template1")]
    reload(daemon, static={"dbs": both})
    page = daemon.wait_up("one", "two")
    assert connects(page, "one") == 1
    reload(daemon, static={"dbs": both[:1]})
    page = daemon.wait_for(lambda page: not page.find("pg_up", backend="two"), what="two is gone")
    assert "two" not in {labels.get("backend") for name in ("pg_up", "pgstatsmon_backend_state")
                         for labels, _ in page.find(name)}
    wait_until(lambda: primary.sessions_of() == 1, 5, "its session is closed")
    page = daemon.wait_polls("one", 1)
    assert connects(page, "one") == 1


def test_what_needs_a_restart_is_said(daemon):
    old = daemon.config["target"]
    reload(daemon, target={"route": "/elsewhere"})
    assert daemon.lines("target.route changed", "restart")
    start = polls(daemon.scrape(), "one")
    daemon.wait_for(lambda page: polls(page, "one") > start, what="it goes on")
    # The file is what is in force again: nothing is said.
    before = len(daemon.lines("restart"))
    reload(daemon, target=old)
    assert len(daemon.lines("restart")) == before
    # It differs for as long as there is no restart.
    for count in (1, 2):
        reload(daemon, state_dir="/nonexistent/x")
        assert len(daemon.lines("state_dir changed", "restart")) == count
