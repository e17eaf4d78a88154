"""What the console says of a backend: its plan, its timeline, and what is wrong with it."""

import re

import pytest
from harness.console import data, masked, row, say
from harness.catalogue import AT_EACH_POLL, SERVER_QUERIES
from harness.daemon import backend
from harness.network import address, free_port
from harness.proxy import Proxy
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def servers(primary, cluster):
    return primary, cluster.standby_of(primary).start()


BACKEND = """
backend  one
id  one@ADDRESS/postgres
address  ADDRESS
database  postgres
user  pgstatsmon
source  static
labels  -

state  ready
for  TIME
up  yes
failure  -
last failure  -
setup  done
version  VERSION
role  primary
age of data  TIME
round trip  TIME
series  N
connects  N
polls skipped  N
restarts  N
paused  yes
polled every  TIME
interval follows  fixed
next poll  -
budget used  SHARE
own budget used  SHARE
less often  N
log level  as all

cluster  N
member  writable
same server as  -
follows  -
attached  -
lag  -

time in each state
state  time  share
connecting  TIME  SHARE
setup  TIME  SHARE
ready  TIME  SHARE
polling  TIME  SHARE
backoff  TIME  SHARE
disconnected  TIME  SHARE

plan (N queries are left out: plan NAME says why)
query  set  asked  less often  SQL for  SQL
pg_stat_user_tables  original  each poll  -  any version  SELECT n.nspname AS schemaname, c.relnam ...
pg_statio_user_tables  original  each poll  -  any version  SELECT n.nspname AS schemaname, c.relnam ...
pg_statio_user_indexes  original  each poll  -  any version  SELECT i.relname AS indexrelname, n.nspn ...
pg_stat_replication  original  each poll  -  from 10.0  SELECT w.sync_state, a.application_name, ...
pg_recovery  original  each poll  -  from 10.0  SELECT CASE WHEN NOT r.standby THEN pg_c ...
pg_stat_activity  original  each poll  -  any version  WITH sessions AS ( ...
pg_stat_database  original  each poll  -  any version  SELECT d.datname, ...
pg_relation_size  original  every TIME  -  any version  WITH tables AS ( ...
pg_stat_bgwriter  original  each poll  -  any version to before 17.0  SELECT b.checkpoints_timed, b.checkpoint ...
pg_vacuum  original  each poll  -  any version  SELECT t.nspname AS schemaname, t.relnam ...
pg_stat_progress_vacuum  original  each poll  -  from 9.6.0 to before 17.0  SELECT n.nspname AS schemaname, c.relnam ...

last poll, TIME ago: TIME, ok
query  server  start  first  done  rows  memory  result
pg_stat_user_tables  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_statio_user_tables  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_statio_user_indexes  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_stat_replication  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_recovery  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_stat_activity  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_stat_database  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_stat_bgwriter  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_vacuum  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR
pg_stat_progress_vacuum  TIME  TIME  TIME  TIME  N  SIZE  ok  BAR

last errors, newest first: none
"""


# Behind the state; what the signs are differs from run to run.
SIGNS = """
vital signs of the last hour
sign  now  most  from N to the most, each of TIME
"""


# Behind that; there is more or less of it.
HOLDERS = "\nwho holds back what"


def without_signs(text):
    """The text without the charts, and without who holds back what."""
    for part in (SIGNS, HOLDERS):
        begin = text.index(part)
        text = text[:begin] + text[text.index("\n\n", begin) + 1:]
    return text


def by_name(text):
    """The text with a poll's queries by their names: slow ones are sent last."""
    lines = text.splitlines()
    queries = iter(sorted(line for line in lines if line.endswith("BAR")))
    return [next(queries) if line.endswith("BAR") else line for line in lines]


STATES = ["connecting", "setup", "ready", "polling", "backoff", "disconnected"]


def test_backend(servers, watch):
    one, other = servers
    daemon = watch([backend("one", one), backend("other", other)], collect={"sets": ["original"]})
    daemon.wait_up("one", "other")
    daemon.wait_polls("one", 2)
    daemon.wait_polls("other", 2)
    for name, role in (("one", "primary"), ("other", "standby")):
        x = data(daemon, "backend", name)
        assert (x["backend"], x["role"], x["up"]) == (name, role, True)
        assert [y["state"] for y in x["states"]] == STATES
        assert abs(sum(y["share"] for y in x["states"]) - 1) < 1e-6
        assert row(x["states"], state="ready")["seconds"] > 0
        assert sorted(y["query"] for y in x["plan"]) == sorted(SERVER_QUERIES)
        # JSON has the whole SQL, so that it can be run by hand.
        assert "pg_stat_bgwriter" in row(x["plan"], query="pg_stat_bgwriter")["sql"]
        asked = {y["query"] for y in x["plan"] if y["left_out"] is None}
        assert set(AT_EACH_POLL) <= {y["query"] for y in x["last_poll"]} <= asked
        for y in x["last_poll"]:
            assert list(y) == ["query", "server_seconds", "start_seconds", "first_seconds",
                               "done_seconds", "rows", "bytes", "result"]
            assert 0 <= y["server_seconds"] <= y["done_seconds"]
            assert 0 <= y["start_seconds"] <= y["first_seconds"] <= y["done_seconds"] < 5
            assert y["result"] == "ok" and y["bytes"] > 0
        ends = [y["done_seconds"] for y in x["last_poll"]]
        assert ends == sorted(ends)
        assert x["errors"] == []

    wait_until(lambda: "holders" in data(daemon, "backend", "one"), 10)
    say(daemon, "pause", "--all")
    daemon.wait_for(lambda page: page.value("pgstatsmon_in_flight") == 0)
    version = one.psql("show server_version_num")
    version = f"{int(version) // 10000}.{int(version) % 10000}"
    text = re.sub(rf"version +{re.escape(version)}", "version  VERSION", say(daemon, "backend", "one"))
    text = masked(text)
    assert by_name(without_signs(text)) == by_name(BACKEND.strip())
    whole = say(daemon, "backend", "one", "--sql")
    assert "checkpoints_timed, b.checkpoints_req" in whole


# -- what is wrong ---------------------------------------------------------------------------------


QUERY = """
name: pg_{name}
help: A query.
labels: []
metrics:
  - {{column: one, type: gauge, help: One.}}
versions:
  - sql: select 1 as one from {source}
"""


def test_queries_that_take_too_long(servers, watch, directory):
    """One waits for a lock, and one for nothing."""
    one, other = servers
    path = directory / "slow"
    path.mkdir()
    sources = {"fine": "pg_class limit 1", "slow": "pg_sleep(60)", "waits": "public.locked"}
    for name, source in sources.items():
        (path / f"{name}.yaml").write_text(QUERY.format(name=name, source=source))
    one.psql("create table locked (id int); grant select on locked to pgstatsmon")
    locker = one.session()
    locker.run("begin")
    locker.run("lock table locked in access exclusive mode")
    daemon = watch([backend("fine", other), backend("locked", one)], queries=str(path),
                   connections={"query_timeout": 300})
    errors = wait_until(
        lambda: known(errors_of(daemon, "locked"), {"55P03", "57014"}), what="both fail")
    assert all(list(y) == ["ago_seconds", "reason", "sqlstate", "of", "message"] for y in errors)
    assert {(y["sqlstate"], y["of"]) for y in errors} == {
        ("55P03", "pg_waits"), ("57014", "pg_slow")}, errors
    assert {y["message"] for y in errors} == {
        "canceling statement due to lock timeout", "canceling statement due to statement timeout"}
    locker.run("rollback")


def errors_of(daemon, name):
    return data(daemon, "backend", name)["errors"]


def known(errors, states):
    return errors if states <= {y["sqlstate"] for y in errors} else None


def test_a_query_that_is_refused(cluster, watch):
    server = cluster("refusing").start()
    server.role()
    server.psql("revoke select on pg_stat_bgwriter from public")
    daemon = watch([backend("one", server)])
    errors = wait_until(lambda: data(daemon, "backend", "one")["errors"], 20, "an error")
    assert {(y["reason"], y["sqlstate"], y["of"]) for y in errors} == {
        ("query", "42501", "pg_stat_bgwriter")}
    assert all("permission denied" in y["message"] for y in errors)
    x = data(daemon, "backend", "one")
    assert row(x["last_poll"], query="pg_stat_bgwriter")["result"] == "42501"
    assert {y["result"] for y in x["last_poll"] if y["query"] != "pg_stat_bgwriter"} == {"ok"}
    stat = row(data(daemon, "querystat"), query="pg_stat_bgwriter")
    assert stat["query_errors"] > 0
    assert row(data(daemon, "backendstat"), backend="one")["query_errors"] > 0


def test_the_newest_errors_are_kept(watch):
    class Nothing:
        host, port = address(), free_port()

    daemon = watch([backend("dead", Nothing)])
    daemon.wait_for(
        lambda page: page.total("pgstatsmon_backend_failures_total", backend="dead") >= 3)
    errors = data(daemon, "backend", "dead")["errors"]
    assert 3 <= len(errors) <= 10
    ages = [y["ago_seconds"] for y in errors]
    assert ages == sorted(ages)
    assert {(y["reason"], y["sqlstate"]) for y in errors} == {("refused", None)}
    assert data(daemon, "backend", "dead")["states"][0]["state"] == "connecting"


def test_in_flight(servers, watch):
    """A backend that falls silent stands in flight for as long as it is waited for."""
    with Proxy(servers[0]) as proxy:
        daemon = watch([backend("fine", servers[1]), backend("silent", proxy)],
                       connections={"query_timeout": 60000})
        daemon.wait_up("fine", "silent")
        proxy.frozen = True
        x = wait_until(
            lambda: [y for y in data(daemon, "scheduler")["in_flight"]
                     if y["backend"] == "silent" and y["age_seconds"] > 1], what="a long poll")
        assert 1 < x[0]["age_seconds"] < 60
        assert "silent" in say(daemon, "scheduler").split("in flight\nbackend")[1]
        assert row(data(daemon, "backends"), backend="silent")["state"] == "polling"
        assert data(daemon, "top")["polling"] >= 1
        skipped = data(daemon, "backend", "silent")["polls_skipped"]
        assert skipped > 0
        proxy.frozen = False
        proxy.cut()
        daemon.stop()
