"""Every database of a server is watched: visited in turn, without harm to it or to its sessions."""

import os
import re
import threading

import pytest
from harness.console import reconnect, say
from harness.daemon import BY_ORDER, backend
from harness.waiting import wait_until

MANY = int(os.environ.get("PGSTATSMON_TEST_DATABASES", "60"))


def make(server, *names):
    """New databases, each with one table."""
    for name in names:
        server.psql(f'create database "{name}" strategy file_copy')
        server.psql("create table own (id int primary key)", database=name)


def up(page, name="one"):
    """Whether each database answered."""
    return {x["datname"]: v for x, v in page.find("pgstatsmon_database_up", backend=name)}


def tables_of(page):
    return {x["datname"] for x, _ in page.find("pg_stat_user_tables_seq_scan", relname="own")}


def answering(daemon):
    """How many databases answered, without the time that reading a large page takes."""
    return len(re.findall(rb"^pgstatsmon_database_up\{.*\} 1$", daemon.get().body, re.M))


def watched(server, **databases):
    """An entry whose databases are visited often."""
    return backend("one", server, databases={"interval": 300, **databases})


def look_again(server):
    """The backend's own session ends, so the list of databases is asked for at once."""
    server.psql(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'pgstatsmon' and datname = 'postgres'"
    )


class Sampler:
    """How many sessions of ours a server ever has, looked at all the time."""

    def __init__(self, server):
        self.most = 0
        self._session = server.session()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        sql = (
            "select count(*) from pg_stat_activity"
            " where usename = 'pgstatsmon' and backend_type = 'client backend'"
        )
        while not self._end.is_set():
            self.most = max(self.most, int(self._session.run(sql)))
            self._end.wait(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


@pytest.fixture
def server(cluster, request):
    result = cluster(request.node.name.replace("[", "-").replace("]", "")).start()
    result.role()
    yield result
    result.stop("immediate")


def test_many(server, watch):
    """All are seen soon, and the server never has more than 1 + keep + at_once sessions."""
    names = [f"d{i}" for i in range(MANY)]
    server.psql("create database model strategy file_copy")
    server.psql("create table own (id int primary key)", database="model")
    server.psql("\n".join(f"create database {x} template model strategy file_copy;" for x in names))
    with Sampler(server) as sampler:
        daemon = watch([watched(server, max=1000, keep=2, at_once=2)])
        wait_until(lambda: answering(daemon) == MANY + 2, what="every database", every=0.2)
    page = daemon.scrape()
    assert set(names) <= tables_of(page)
    assert up(page) == dict.fromkeys(["postgres", "model", *names], 1)
    assert page.value("pgstatsmon_databases", backend="one", state="watched") == MANY + 2
    # Server-wide families come from the backend's own session alone.
    assert not [x for x in page.find("pg_stat_bgwriter_buffers_alloc") if "datname" in x[0]]
    assert 2 <= sampler.most <= 1 + 2 + 2
    assert page.value("pg_up", backend="one") == 1
    assert not daemon.lines("[error]")


def test_off(server, watch):
    """Without being asked for, nothing changes: one session, no label."""
    make(server, "app")
    daemon = watch([backend("one", server)])
    page = daemon.wait_polls("one", 3)
    assert server.sessions_of() == 1
    assert not page.find("pgstatsmon_database_up") and not page.find("pgstatsmon_databases")
    assert not [x for x, _ in page.find("pg_stat_user_tables_seq_scan") if "datname" in x]


def test_which(server, watch):
    """Expressions are of whole names; the rest is counted."""
    make(server, "app_1", "app_2", "my_app_1")
    server.psql("create database template_like is_template true strategy file_copy")
    daemon = watch([watched(server, include=["app_.*"], exclude=[".*_2"])])
    page = daemon.wait_for(lambda page: tables_of(page) == {"app_1"})
    assert set(up(page)) == {"postgres", "app_1"}
    assert page.value("pgstatsmon_databases", backend="one", state="excluded") == 2


def test_dropped_and_made_again(server, watch):
    """DROP DATABASE works while it is watched and no session is kept, and what is made again is watched
    again."""
    make(server, "app", "other")
    daemon = watch([watched(server)])
    daemon.wait_for(lambda page: tables_of(page) == {"app", "other"})
    for _ in range(3):
        server.psql("drop database app")
        page = daemon.wait_for(lambda page: tables_of(page) == {"other"})
        assert page.value("pg_up", backend="one") == 1
        make(server, "app")
        reconnect(daemon, "one")
        daemon.wait_for(lambda page: tables_of(page) == {"app", "other"})
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0


def test_renamed_and_template(server, watch):
    """A database that is renamed is another one; one that is used as a template is free for it."""
    make(server, "app")
    daemon = watch([watched(server)])
    daemon.wait_for(lambda page: tables_of(page) == {"app"})
    server.psql("alter database app rename to app2")
    daemon.wait_for(lambda page: tables_of(page) == set())
    server.psql("create database copy template app2")
    look_again(server)
    page = daemon.wait_for(lambda page: tables_of(page) == {"app2", "copy"})
    assert set(up(page)) == {"postgres", "app2", "copy"}


def test_without_connect(server, watch):
    """No right to connect: it is not visited. Refused by pg_hba.conf: it is down, and nothing else."""
    make(server, "closed", "refused", "open")
    server.psql("revoke connect on database closed from public")
    server.allow("host refused pgstatsmon 127.0.0.0/8 reject", "host all all 127.0.0.0/8 trust")
    daemon = watch([watched(server)])
    seen = {"postgres": 1, "open": 1, "refused": 0}
    daemon.wait_for(lambda page: tables_of(page) == {"open"} and up(page) == seen)
    page = daemon.wait_polls("one", 10)
    assert page.value("pg_up", backend="one") == 1
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0
    assert len(daemon.lines("database refused")) == 1


def test_a_role_that_loses_its_rights(server, watch):
    """What it may not see is absent everywhere, what it may not enter goes; neither is a failure."""
    make(server, "a", "b")
    sets = {"sets": ["original", "core", "standard", "full"]}
    daemon = watch([watched(server)], setup={"enabled": False}, collect=sets)
    daemon.wait_for(lambda page: tables_of(page) == {"a", "b"})
    server.psql("revoke pg_monitor from pgstatsmon; revoke connect on database b from public")
    reconnect(daemon, "one")
    page = daemon.wait_for(lambda page: tables_of(page) == {"a"} and set(up(page)) == {"postgres", "a"})
    page = daemon.wait_polls("one", 10)
    assert up(page) == {"postgres": 1, "a": 1} and page.value("pg_up", backend="one") == 1
    for family in ("pg_query_error", "pg_query_timeout", "pgstatsmon_backend_failures_total"):
        assert page.total(family, backend="one") == 0, family
    assert not daemon.lines("database a")
    server.psql("grant pg_monitor to pgstatsmon; grant connect on database b to public")
    reconnect(daemon, "one")
    daemon.wait_for(lambda page: tables_of(page) == {"a", "b"})


def test_role_with_two_sessions(server, watch):
    """One for the backend, one for visits; it is never asked for a third."""
    server.psql("alter role pgstatsmon connection limit 2")
    make(server, "a", "b", "c")
    with Sampler(server) as sampler:
        daemon = watch([watched(server)])
        page = daemon.wait_for(lambda page: tables_of(page) == {"a", "b", "c"})
        daemon.wait_polls("one", 5)
    assert sampler.most == 2
    assert "too many connections" not in server.log()
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0


def test_busy_database_keeps_its_session(server, watch):
    """The session stays while others are there; a pause ends it, so that the database can go."""
    make(server, "busy", "idle")
    other = server.session("busy")
    daemon = watch([watched(server, keep=4)])
    daemon.wait_for(lambda page: tables_of(page) == {"busy", "idle"})

    def ours():
        return server.psql(
            "select count(*) from pg_stat_activity where usename = 'pgstatsmon' and datname = 'busy'"
            " and state = 'idle' and backend_start < now() - interval '1 s'"
        )

    wait_until(lambda: ours() == "1", what="a session that is kept")
    other.close()
    server.sessions.remove(other)
    look_again(server)
    wait_until(lambda: ours() == "0", what="a session that is given back")
    server.psql("drop database busy")


def test_pause_lets_go(server, watch):
    """A pause ends the sessions that are kept at once: whoever leaves then may drop the database."""
    make(server, "busy")
    other = server.session("busy")
    daemon = watch([watched(server, keep=4, interval=BY_ORDER)])
    ours = "select count(*) from pg_stat_activity where usename = 'pgstatsmon' and datname = 'busy'"
    daemon.wait_for(lambda page: tables_of(page) == {"busy"})
    assert server.psql(ours) == "1"
    say(daemon, "pause", "one")
    # Nothing but the order can end it: the next visit and the next list are hours away.
    wait_until(lambda: server.psql(ours) == "0", timeout=10, what="a session that is let go of")
    other.close()
    server.sessions.remove(other)
    server.psql("drop database busy")
    assert daemon.scrape().value("pg_up", backend="one") == 1
    make(server, "busy")
    say(daemon, "resume", "one")
    look_again(server)
    daemon.wait_for(lambda page: tables_of(page) == {"busy"})


def test_console(server, watch):
    """`backend NAME` shows each of them."""
    make(server, "app")
    daemon = watch([watched(server)])
    daemon.wait_for(lambda page: tables_of(page) == {"app"})
    answer = daemon.get("/api/v1/backends/one").body.decode()
    assert '"databases"' in answer and '"database":"app"' in answer.replace(" ", "")
