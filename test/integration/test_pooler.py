"""Poolers are recognised and left as they were found."""

import pytest
from harness.daemon import backend
from harness.pgbouncer import Pgbouncer
from harness.queries import write_queries

MODES = ["session", "transaction"]

# What a client's session is like: what others of the pool may not change.
SESSION = """
select name || '=' || setting from pg_settings where name <> 'application_name'
union all select 'prepared ' || name from pg_prepared_statements order by 1"""


def failures(page, name="one"):
    found = page.find("pgstatsmon_backend_failures_total", backend=name)
    return {labels["reason"]: value for labels, value in found if value}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("more", [{}, {"ignore_startup_parameters": "options"}], ids=["", "ignores"])
def test_a_pooler_is_recognised_without_an_option(primary, watch, directory, mode, more):
    with Pgbouncer(directory, primary, mode, **more) as pooler:
        daemon = watch([backend("one", pooler), backend("direct", primary)])
        daemon.wait_up("one", "direct")
        page = daemon.wait_asked("one", "direct")
        daemon.stop()
        log = daemon.lines("backend one")
    assert failures(page) == {}

    def families(name):
        # Which waits there are depends on the moment.
        return {family for family, labels, _ in page.samples if labels.get("backend") == name
                and family.startswith("pg_") and "wait_" not in family}

    assert families("one") == families("direct")
    assert len([line for line in log if "a pooler stands in between" in line]) == 1
    refused = [line for line in log if "connecting without startup options" in line]
    assert len(refused) == (0 if more else 1)
    assert not [line for line in log if " warn " in line or " error " in line], log


@pytest.mark.parametrize("guards", [True, False], ids=["guarded", "unguarded"])
def test_nothing_of_ours_is_left_for_others(primary, watch, directory, guards):
    with Pgbouncer(directory, primary, "transaction") as pooler:
        before = pooler.psql(SESSION)
        daemon = watch([backend("one", pooler)], connections={"guards": guards})
        daemon.wait_up("one")
        for _ in range(5):
            daemon.wait_polls("one", 1)
            assert pooler.psql(SESSION) == before
        daemon.stop()


@pytest.mark.parametrize("way", ["unguarded", "transaction", "session"])
def test_a_slow_query_costs_itself(primary, watch, directory, way):
    queries = write_queries(
        directory / f"slow-{way}",
        qa="SELECT 1 AS n",
        qb="SELECT 2 AS n FROM pg_catalog.pg_sleep(30)",
        qc="SELECT 3 AS n",
    )
    options = {"query_timeout": 300, "guards": way != "unguarded"}
    mode = "session" if way == "session" else "transaction"
    with Pgbouncer(directory, primary, mode) as pooler:
        server = primary if way == "unguarded" else pooler
        daemon = watch([backend("one", server)], connections=options, queries=str(queries))
        daemon.wait_up("one")
        page = daemon.wait_polls("one", 3)
        daemon.stop()
    assert (page.value("qa_n", backend="one"), page.value("qc_n", backend="one")) == (1, 3)
    assert page.value("pg_query_timeout", backend="one", query="qb") >= 3
    assert failures(page).keys() == {"timeout"}


def test_the_role_is_what_the_server_says_now(cluster, watch, directory):
    """A pooler goes on announcing what its first server session was told."""
    first = cluster("first").start()
    first.role()
    standby = cluster.standby_of(first).start()
    with Pgbouncer(directory, standby, "transaction") as pooler:
        assert pooler.psql("select pg_is_in_recovery()") == "t"
        standby.promote()
        daemon = watch([backend("one", pooler)])
        daemon.wait_up("one")
        daemon.wait_for(
            lambda p: p.find("pgstatsmon_backend_info", backend="one", role="primary"), what="a primary"
        )
        daemon.stop()


@pytest.mark.parametrize("guards", [True, False], ids=["guarded", "unguarded"])
def test_names_in_no_encoding(primary, watch, directory, guards):
    name = f"ascii_{guards}".lower()
    primary.psql(f"create database {name} encoding 'SQL_ASCII' locale 'C' template template0")
    primary.psql(
        "set client_encoding = 'SQL_ASCII'; do $$ begin"
        " execute 'create table public.\"caf' || chr(233) || '\" (id int)'; end $$",
        name,
    )
    with Pgbouncer(directory, primary, "transaction") as pooler:
        entries = [backend("direct", primary, database=name), backend("pooled", pooler, database=name)]
        daemon = watch(entries, connections={"guards": guards})
        daemon.wait_up("direct", "pooled")
        page = daemon.wait_polls("pooled", 2)
        daemon.stop()
    for each in ("direct", "pooled"):
        assert failures(page, each) == {}
        assert len(page.find("pg_stat_user_tables_n_live_tup", backend=each)) == 1


def test_what_another_client_left_in_the_session_is_not_read(primary, watch, directory):
    """Temporary tables come before everybody's, but in our path they are last."""
    queries = write_queries(directory / "left", qa="SELECT count(*) AS n FROM pg_class")
    with Pgbouncer(directory, primary, "transaction") as pooler:
        pooler.psql("create temp table pg_class (n int); set search_path = pg_temp, pg_catalog")
        assert pooler.psql("select count(*) from pg_class") == "0"
        daemon = watch([backend("one", pooler)], queries=str(queries))
        daemon.wait_up("one")
        page = daemon.wait_polls("one", 2)
        assert pooler.psql("select count(*) from pg_class") == "0"  # the same session
        daemon.stop()
    assert page.value("qa_n", backend="one") > 100


SCANS = "pg_stat_user_tables_seq_scan"


@pytest.fixture
def three(cluster, request):
    """A server with the databases a, b and c, each with a table of its own name."""
    server = cluster(request.node.name.replace("[", "-").replace("]", "")).start()
    server.role()
    for name in "abc":
        server.psql(f"create database {name} strategy file_copy")
        server.psql(f"create table in_{name} (id int)", database=name)
    return server


def tables(page):
    return {(labels["datname"], labels["relname"]) for labels, _ in page.find(SCANS)}


@pytest.mark.parametrize("mode", MODES)
def test_visits_go_through_the_pooler(three, watch, directory, mode):
    with Pgbouncer(directory, three, mode) as pooler:
        daemon = watch([backend("one", pooler, databases={"interval": 300})])
        page = daemon.wait_for(lambda p: tables(p) == {(name, f"in_{name}") for name in "abc"})
        # The server saw nobody but the pooler.
        assert all(f"{name}/pgstatsmon@" in pooler.log() for name in "abc")
        daemon.stop()
    assert failures(page) == {}
    assert page.total("pg_query_error", backend="one") == 0


def test_a_visit_that_a_pooler_leads_elsewhere(three, watch, directory):
    """What one database says never stands under another one's name; only that one is down."""
    with Pgbouncer(directory, three, "transaction", names={"b": "a"}) as pooler:
        daemon = watch([backend("one", pooler, databases={"interval": 300})])
        daemon.wait_for(lambda p: tables(p) == {("a", "in_a"), ("c", "in_c")})
        page = daemon.wait_for(
            lambda p: p.value("pgstatsmon_database_up", backend="one", datname="b") == 0
        )
        page = daemon.wait_polls("one", 5)
        daemon.stop()
    assert tables(page) == {("a", "in_a"), ("c", "in_c")}
    assert page.value("pg_up", backend="one") == 1 and failures(page) == {}
    assert len(daemon.lines("database b")) == 1
    assert "leads to another database" in daemon.lines("database b")[0]


def test_a_visit_that_a_pooler_does_not_let_in(three, watch, directory):
    names = {"*": None, "postgres": "postgres", "a": "a"}
    with Pgbouncer(directory, three, "transaction", names=names) as pooler:
        daemon = watch([backend("one", pooler, databases={"interval": 300})])
        daemon.wait_up("one")
        page = daemon.wait_for(
            lambda p: tables(p) == {("a", "in_a")}
            and p.value("pgstatsmon_database_up", backend="one", datname="c") == 0
        )
        assert page.value("pg_up", backend="one") == 1 and failures(page) == {}
        daemon.stop()
    assert len(daemon.lines("database b")) == len(daemon.lines("database c")) == 1
