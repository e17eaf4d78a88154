"""The log: one event a line, no repetition, no secrets."""

import json
import re

from harness.daemon import backend
from harness.network import address, free_port
from harness.waiting import wait_until

BROKEN = """
name: pg_broken
help: A query that fails.
labels: []
metrics:
  - {column: one, type: gauge, help: One.}
versions:
  - sql: select 1 / (select 0) as one
"""


def test_a_failing_query_is_reported_and_not_repeated(primary, watch, directory):
    path = directory / "broken"
    path.mkdir()
    (path / "broken.yaml").write_text(BROKEN)
    daemon = watch([backend("one", primary)], queries=str(path), interval=50)
    failures = {"backend": "one", "reason": "query"}
    daemon.wait_for(
        lambda p: (p.value("pg_query_error", backend="one", query="pg_broken") or 0) >= 30
        and p.value("pgstatsmon_backend_failures_total", **failures) >= 30
    )
    reported = daemon.lines("pg_broken")
    assert 1 <= len(reported) <= 3, reported
    assert "22012" in daemon.log() or "division by zero" in daemon.log()


CHANGING = """
name: pg_changing
help: A query whose table comes and goes.
labels: []
metrics:
  - {column: n, type: gauge, help: N.}
versions:
  - sql: select n from public.changing
"""


def test_a_query_that_fails_again_is_reported_again(primary, watch, directory):
    path = directory / "changing"
    path.mkdir()
    (path / "changing.yaml").write_text(CHANGING)
    daemon = watch([backend("one", primary)], queries=str(path), interval=50)

    def said(*words):
        daemon.wait_for(lambda _: daemon.lines("pg_changing", *words), 20, f"{words}")

    said("42P01")
    primary.psql(
        "begin; create table changing as select 1 as n;"
        " grant select on changing to pgstatsmon; commit"
    )
    said("works again")
    primary.psql("revoke select on changing from pgstatsmon")
    said("42501")
    primary.psql("grant select on changing to pgstatsmon")
    daemon.wait_for(lambda _: len(daemon.lines("pg_changing", "works again")) == 2)
    primary.psql("alter table changing rename n to m")
    said("42703")
    # A failure of another kind in between is a change.
    primary.psql("drop table changing")
    said("now 42P01")
    daemon.wait_polls("one", 10)
    assert len(daemon.lines("pg_changing")) == 6, daemon.log()


def test_a_role_check_that_fails_is_not_repeated(cluster, watch):
    """A fork, or a server so old that it has no pg_monitor."""
    server = cluster("fork").start()
    server.role(monitor=False)
    server.psql("set allow_system_table_mods = on; delete from pg_authid where rolname='pg_monitor'")
    daemon = watch([backend("one", server)], setup={"enabled": False}, interval=50)
    daemon.wait_up("one")
    daemon.wait_polls("one", 20)
    assert len(daemon.lines("pg_monitor")) == 1, daemon.log()


def test_an_open_password_file_is_reported_in_our_own_words(primary, watch, directory):
    passfile = directory / "open-pgpass"
    passfile.write_text("*:*:*:*:secret\n")
    passfile.chmod(0o644)
    daemon = watch(
        [backend("one", primary), backend("two", primary, database="template1")],
        environment={"PGPASSFILE": str(passfile)},
        log={"format": "json"},
    )
    daemon.wait_up("one")
    records = [json.loads(line) for line in daemon.log().splitlines()]
    assert any("open-pgpass" in record["msg"] for record in records)
    assert "secret" not in daemon.log()


def test_an_outage_is_summarised(cluster, watch):
    server = cluster("outage").start()
    server.role()
    daemon = watch([backend("one", server)])
    daemon.wait_up("one")
    before = len(daemon.log().splitlines())
    server.stop()
    daemon.wait_for(
        lambda p: p.total("pgstatsmon_backend_failures_total", backend="one") >= 4, 30
    )
    during = len(daemon.log().splitlines()) - before
    assert 1 <= during <= 4, daemon.log()
    server.start()
    daemon.wait_up("one")
    # The end of the outage is an event, and nothing is said about polls that succeed.
    daemon.wait_polls("one", 5)
    assert during + 1 <= len(daemon.log().splitlines()) - before <= during + 4, daemon.log()


def test_quiet_while_all_is_well(primary, watch):
    daemon = watch([backend("one", primary)], interval=50)
    daemon.wait_up("one")
    daemon.wait_polls("one", 2)
    before = daemon.log()
    daemon.wait_polls("one", 20)
    assert daemon.log() == before


def test_human_lines(primary, watch):
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z +(trace|debug|info|warn|error|fatal) +\S"
    assert daemon.log()
    for line in daemon.log().splitlines():
        assert re.match(stamp, line), line


def records(daemon):
    return [json.loads(line) for line in daemon.log().splitlines()]


def events(daemon, name, **fields):
    """The lines of an event that have these fields."""
    return [x for x in records(daemon) if x.get("event") == name and fields.items() <= x.items()]


def test_json_lines(primary, watch):
    class Nothing:
        host, port = address(), free_port()

    entries = [backend('we"ird\\one', primary), backend("two", Nothing)]
    daemon = watch(entries, log={"format": "json"})
    daemon.wait_up('we"ird\\one')
    daemon.wait_for(lambda p: p.total("pgstatsmon_backend_failures_total", backend="two") >= 3)
    assert records(daemon)
    # Whoever filters by program need not read sentences.
    assert all({"time", "level", "event", "msg"} <= x.keys() for x in records(daemon))
    assert events(daemon, "backend_connected", backend='we"ird\\one')
    added, = events(daemon, "backend_added", backend="two")
    assert added["source"] == "static"
    failing, = events(daemon, "backend_failing", backend="two")
    assert (failing["reason"], failing["failures"], failing["level"]) == ("refused", 1, "warn")
    wait_until(lambda: events(daemon, "backend_still_failing"), 10, daemon.log)
    lasting, = events(daemon, "backend_still_failing", backend="two", failures=3)
    assert lasting["since"] == failing["since"] and lasting["since"].endswith("Z")
    assert f"refused, failing since {lasting['since']}, 3 times: " in lasting["msg"]
    # libpq's lines are sentences.
    assert "Connection refused. Is the server running" in lasting["msg"]


def test_a_promotion_is_an_event(cluster, watch):
    server = cluster("promoted").start()
    server.role()
    standby = cluster.standby_of(server, "promoted_standby").start()
    daemon = watch([backend("two", standby)], log={"format": "json"})
    daemon.wait_up("two")
    server.stop()
    standby.promote()
    wait_until(lambda: events(daemon, "backend_promoted"), 20, daemon.log)
    promoted, = events(daemon, "backend_promoted", backend="two")
    assert re.fullmatch(r"backend two: promoted: PostgreSQL [\d.]+, primary, was standby", promoted["msg"])


def test_an_administrator_is_not_the_network(cluster, watch):
    """What the server's last words say counts, and not that the socket is closed."""
    server = cluster("ended").start()
    server.role()
    end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pgstatsmon'"
    daemon = watch([backend("one", server)], log={"format": "json"}, interval=20)
    daemon.wait_up("one")

    def ended():
        server.psql(end)
        return events(daemon, "backend_failing", backend="one") or events(daemon, "session_replaced")

    wait_until(ended, 20, daemon.log)
    line = ended()[0]
    assert (line["reason"], line["sqlstate"]) == ("ended", "57P01")
    page = daemon.scrape()
    assert page.total("pgstatsmon_backend_failures_total", backend="one", reason="network") == 0


def test_a_role_without_rights_is_said_once(cluster, watch):
    server = cluster("without").start()
    server.role(monitor=False)
    daemon = watch([backend("one", server)], log={"format": "json"}, setup={"enabled": False})
    daemon.wait_up("one")
    daemon.wait_polls("one", 5)
    assert len(events(daemon, "rights_missing", backend="one")) == 1


def test_a_query_that_fails_is_named(primary, watch, directory):
    path = directory / "named"
    path.mkdir()
    (path / "broken.yaml").write_text(BROKEN)
    daemon = watch([backend("one", primary)], queries={"add": str(path)}, log={"format": "json"})
    wait_until(lambda: events(daemon, "query_failing"), 20, daemon.log)
    line, = events(daemon, "query_failing", backend="one", query="pg_broken")
    assert (line["sqlstate"], line["reason"]) == ("22012", "query")
    # What is added comes beside what is shipped.
    assert daemon.scrape().find("pg_stat_bgwriter_buffers_alloc")


def test_level_from_the_environment(primary, watch):
    quiet = watch([backend("one", primary)], environment={"LOG_LEVEL": "error"})
    quiet.wait_up("one")
    assert quiet.log() == ""
    chatty = watch([backend("one", primary)], environment={"LOG_LEVEL": "trace"})
    chatty.wait_up("one")
    chatty.wait_polls("one", 1)
    # At trace, every sample.
    assert chatty.lines("pg_stat_bgwriter_buffers_alloc")


def test_every_line_ends_when_the_process_ends(primary, watch):
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    daemon.stop()
    assert daemon.log().endswith("\n")
