"""What the owner of a watched database puts into it never runs with our rights."""

import pytest
from harness.daemon import backend
from harness.pgbouncer import Pgbouncer
from harness.queries import write_queries

# Functions and operators of theirs for what our SQL compares; each tries to take what it can and
# leaves a mark. A mark is a notification, as our sessions write nothing.
EVIL = """
create schema evil authorization app;
grant usage on schema evil to public;
create table public.marks (who text);
grant insert on public.marks to public;
do $$
declare kind text; operator text;
begin
  foreach kind in array array['name', 'oid', 'text', 'integer', 'bigint', 'boolean', '"char"',
                              'double precision', 'numeric'] loop
    foreach operator in array array['=', '<>', '>=', '>', '<'] loop
      continue when kind = 'boolean' and operator not in ('=', '<>');
      execute format($f$
        create function evil.%1$I(%2$s, %2$s) returns boolean language plpgsql as $e$
        begin
          begin execute 'alter role app superuser'; exception when others then null; end;
          raise log 'evil ran as %% %% superuser %%', session_user, current_user,
            current_setting('is_superuser');
          return $1 operator(pg_catalog.%3$s) $2;
        end $e$;
        create operator evil.%3$s (leftarg = %2$s, rightarg = %2$s, procedure = evil.%1$I)$f$,
        'f_' || operator || kind, kind, operator);
    end loop;
  end loop;
  foreach kind in array array['name', 'oid', 'text', 'regclass'] loop
    execute format('create domain evil.%I as pg_catalog.text check (value is null)', kind);
  end loop;
end $$;
create function evil.set_config(text, text, boolean) returns text language plpgsql as $e$
begin raise log 'evil ran'; return pg_catalog.set_config($1, $2, $3); end $e$;
create function evil.count(anyelement) returns bigint language plpgsql as $e$
begin raise log 'evil ran'; return 1; end $e$;
create function evil.pg_is_in_recovery() returns boolean language plpgsql as $e$
begin raise log 'evil ran'; return true; end $e$;

create view evil.pg_class as select * from pg_catalog.pg_class;
"""

WAYS = [
    "alter database appdb set search_path = evil, pg_catalog, public",
    "alter database appdb set search_path = evil, pg_catalog; alter database appdb set role = app",
    "alter database appdb set local_preload_libraries = 'their_library'",
]


@pytest.fixture(scope="module")
def hostile(cluster):
    """A server with a database whose owner means harm."""
    server = cluster("hostile").start()
    server.psql("create role app login")
    server.psql("create database appdb owner app")
    server.psql("grant create on schema public to app", "appdb")
    server.psql(EVIL, "appdb", "app")
    return server


@pytest.fixture(params=WAYS, ids=["path", "role", "library"])
def way(hostile, request):
    hostile.psql(request.param, "appdb", "app")
    yield request.param
    # From elsewhere: what they set may keep everybody out.
    hostile.psql("alter database appdb reset all")


def nothing_ran(server, before):
    log = server.log()[before:]
    assert "evil ran" not in log, log[log.index("evil ran") - 100 :][:400]
    assert server.psql("select rolsuper from pg_roles where rolname = 'app'") == "f"


@pytest.mark.parametrize("guards", [True, False], ids=["guarded", "unguarded"])
def test_of_theirs_nothing_runs_in_setup_or_polls(hostile, watch, way, guards):
    if not guards and "library" in way:
        pytest.skip("only what comes with the packet keeps a missing library from being loaded")
    hostile.psql("drop role if exists pgstatsmon")
    before = len(hostile.log())
    entries = [backend("one", hostile, database="appdb")]
    daemon = watch(entries, connections={"guards": guards})
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 3)
    assert page.state("pgstatsmon_backend_setup", backend="one") == "done"
    assert page.value("pg_stat_user_tables_n_live_tup", backend="one", relname="marks") == 0
    nothing_ran(hostile, before)
    daemon.stop()
    hostile.psql("drop role pgstatsmon")


def test_their_path_works_on_everybody_else(hostile, way):
    """The traps are real: a session without our pins falls into them."""
    if "library" in way:
        with pytest.raises(Exception, match="their_library"):
            hostile.psql("select 1", "appdb")
        return
    before = len(hostile.log())
    hostile.psql("select relname = relname from pg_catalog.pg_class limit 1", "appdb")
    assert "evil ran" in hostile.log()[before:]
    hostile.psql("alter role app nosuperuser")


def test_the_role_that_setup_makes_has_its_own_path(hostile, watch):
    daemon = watch([backend("one", hostile, database="appdb")])
    daemon.wait_up("one")
    config = "select rolconfig from pg_roles where rolname = 'pgstatsmon'"
    assert hostile.psql(config) == '{"search_path=pg_catalog, pg_temp"}'


def test_setup_does_not_enter_a_watched_database(hostile, watch):
    hostile.configure(log_connections="on")
    hostile.reload()
    hostile.psql("drop role if exists pgstatsmon")
    before = len(hostile.log())
    daemon = watch([backend("one", hostile, database="appdb")])
    daemon.wait_up("one")
    daemon.stop()
    authorized = [l for l in hostile.log()[before:].splitlines() if "authorized: user=postgres" in l]
    assert authorized and not [line for line in authorized if "database=appdb" in line]


@pytest.mark.parametrize("more", [{}, {"ignore_startup_parameters": "options"}], ids=["", "ignores"])
def test_of_theirs_nothing_runs_behind_a_pooler(hostile, watch, directory, more):
    """The pooler refuses what should pin the path, or drops it without a word."""
    hostile.psql("drop role if exists pgstatsmon")
    hostile.role()
    hostile.psql(WAYS[0], "appdb", "app")
    before = len(hostile.log())
    with Pgbouncer(directory, hostile, "transaction", **more) as pooler:
        daemon = watch([backend("one", pooler, database="appdb")])
        daemon.wait_up("one")
        page = daemon.wait_polls("one", 3)
        daemon.stop()
    assert page.value("pg_stat_user_tables_n_live_tup", backend="one", relname="marks") == 0
    nothing_ran(hostile, before)
    hostile.psql("alter database appdb reset all")


@pytest.mark.parametrize("guards", [True, False], ids=["guarded", "unguarded"])
def test_a_view_of_theirs_in_a_custom_query_writes_nothing(hostile, watch, directory, guards):
    """Its functions run as the polling role: all that is left to them is to read."""
    hostile.psql(
        "create or replace function public.write() returns int language plpgsql as $e$ begin"
        " insert into public.marks values (session_user); return 1;"
        " exception when read_only_sql_transaction then return 2; end $e$;"
        "create or replace view public.theirs as select public.write() as n;"
        "grant select on public.theirs to public",
        "appdb",
        "app",
    )
    hostile.psql("drop role if exists pgstatsmon")
    hostile.role()
    queries = write_queries(directory / f"theirs-{guards}", qa="SELECT n FROM public.theirs")
    entries = [backend("one", hostile, database="appdb")]
    daemon = watch(entries, queries=str(queries), connections={"guards": guards})
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 3)
    daemon.stop()
    assert page.value("qa_n", backend="one") == 2
    assert hostile.psql("select count(*) from public.marks", "appdb") == "0"
