"""The largest tables of every schema have their sizes on the page, as psql sees them."""

import pytest
from harness.daemon import backend
from harness.queries import at_each_poll

TABLES = """
create schema elsewhere;
create role app login superuser;
create table public.plain (id int primary key, note text);
create table elsewhere.toasted (id int primary key, blob text);
alter table elsewhere.toasted alter blob set storage external;
create unlogged table elsewhere.unlogged (id int primary key);
create table elsewhere.empty (id int);
create materialized view elsewhere.view as select * from generate_series(1, 5000) id;
create index on elsewhere.view (id);
create table elsewhere.parent (k int, id int, note text) partition by list (k);
create table elsewhere.middle partition of elsewhere.parent for values in (1)
  partition by range (id);
create table public.leaf partition of elsewhere.middle for values from (0) to (100000);
create table elsewhere.leaf partition of elsewhere.parent for values in (2);
create index on elsewhere.parent (id);
insert into public.plain select i, repeat('x', 50) from generate_series(1, 3000) i;
insert into elsewhere.toasted select i, repeat('x', 5000) from generate_series(1, 50) i;
insert into elsewhere.unlogged select generate_series(1, 2000);
insert into elsewhere.parent select 1 + i % 2, i, repeat('x', 90) from generate_series(1, 5000) i;
vacuum analyze;
"""

EXPECTED = """
select n.nspname, c.relname, pg_table_size(c.oid) as size, pg_indexes_size(c.oid) as indexes_size
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname in ('public', 'elsewhere')"""

PARTITIONS = """
select n.nspname, c.relname, (
         select sum(pg_relation_size(p.relid, 'main')
                    + (select coalesce(sum(pg_relation_size(indexrelid, 'main')), 0)
                         from pg_index where indrelid in (p.relid, t.reltoastrelid))
                    + coalesce(pg_relation_size(nullif(t.reltoastrelid, 0), 'main'), 0))
           from pg_partition_tree(c.oid) p join pg_class t on t.oid = p.relid
          where p.isleaf) as partitions_size
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'p'"""

SIZES = ("size", "indexes_size", "partitions_size")


@pytest.fixture(scope="module")
def server(cluster):
    server = cluster().start()
    server.role()
    server.psql("create database app")
    for statement in TABLES.strip().split(";\n"):
        server.psql(statement, "app")
    return server


@pytest.fixture
def queries(directory):
    return str(at_each_poll(directory / "tables", "pg_table"))


@pytest.fixture
def daemon(server, watch, queries):
    daemon = watch([backend("one", server)], database="app", queries=queries)
    daemon.wait_up("one")
    return daemon


def sizes(page):
    """{(metric, schema, table): bytes} of what is on the page."""
    found = {}
    for size in SIZES:
        for labels, value in page.find(f"pg_table_{size}_bytes", backend="one", datname="app"):
            found[size, labels["schemaname"], labels["relname"]] = value
    return found


def test_sizes_equal_those_of_psql(server, daemon):
    wanted = {}
    for row in server.rows(EXPECTED, "app") + server.rows(PARTITIONS, "app"):
        for size in SIZES:
            if size in row:
                wanted[size, row["nspname"], row["relname"]] = float(row[size])
    assert len(wanted) == 2 * 7 + 2
    assert wanted["size", "elsewhere", "view"] > 0
    assert wanted["partitions_size", "elsewhere", "parent"] > 100000
    assert sizes(daemon.wait_polls("one", 2)) == wanted


def test_a_temporary_table_has_no_sizes(server, daemon):
    session = server.session("app")
    session.run("create temporary table mine as select generate_series(1, 100000) id")
    session.run("analyze mine")
    page = daemon.wait_polls("one", 2)
    assert "mine" not in {table for _, _, table in sizes(page)}


def test_a_locked_table_has_no_sizes_and_costs_nothing_else(server, daemon):
    before = sizes(daemon.wait_polls("one", 2))
    session = server.session("app")
    session.run("begin; lock table elsewhere.toasted in access exclusive mode")
    page = daemon.wait_polls("one", 2)
    session.run("rollback")
    assert before.keys() - sizes(page).keys() == {
        ("size", "elsewhere", "toasted"),
        ("indexes_size", "elsewhere", "toasted"),
    }
    assert page.value("pg_query_timeout", backend="one", query="pg_table") == 0


def test_only_the_hundred_largest_are_measured(server, watch, queries):
    server.psql("create database many")
    for i in range(120):
        server.psql(f"create table t{i} as select generate_series(1, {1000 * (i % 12)}) id", "many")
    server.psql("vacuum analyze", "many")
    # The file system's words: those of 0 rows, and ten more, are left out.
    daemon = watch([backend("one", server)], database="many", queries=queries)
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 2)
    shown = {labels["relname"] for labels, _ in page.find("pg_table_size_bytes", backend="one")}
    assert len(shown) == 100
    assert {f"t{i}" for i in range(120) if i % 12 >= 2} <= shown


def test_a_system_table_that_has_grown_is_seen(server, watch, queries):
    server.psql("create database objects")
    server.psql("select lo_from_bytea(0, repeat('x', 2000000)::bytea) from generate_series(1, 40)",
                "objects")
    daemon = watch([backend("one", server)], database="objects", queries=queries)
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 2)
    large = {"datname": "objects", "schemaname": "pg_catalog", "relname": "pg_largeobject"}
    assert page.value("pg_table_size_bytes", backend="one", **large) is None
    server.psql("update pg_class set relpages = 10000 where relname = 'pg_largeobject'", "objects")
    page = daemon.wait_polls("one", 2)
    size = float(server.psql("select pg_table_size('pg_largeobject')", "objects"))
    assert page.value("pg_table_size_bytes", backend="one", **large) == size
