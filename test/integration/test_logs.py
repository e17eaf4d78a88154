"""The log: one event a line, no repetition, no secrets."""

import json
import re

from harness.daemon import backend
from harness.network import address, free_port

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


def test_json_lines(primary, watch):
    class Nothing:
        host, port = address(), free_port()

    entries = [backend('we"ird\\one', primary), backend("two", Nothing)]
    daemon = watch(entries, log={"format": "json"})
    daemon.wait_up('we"ird\\one')
    daemon.wait_for(lambda p: p.total("pgstatsmon_backend_failures_total", backend="two") >= 1)
    records = [json.loads(line) for line in daemon.log().splitlines()]
    assert records
    assert all({"time", "level", "msg"} <= record.keys() for record in records)
    assert any('we"ird\\one' in record["msg"] for record in records)


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
