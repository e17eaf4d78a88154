"""`tables`: which schemas and tables are shown."""

import pytest
from harness import queries
from harness.catalogue import QUERIES
from harness.daemon import backend
from harness.network import address

# Whatever is called so is another's, and must not be on the page.
HIDDEN = ["hidden.t", "shown.t_old", "shown.o'clock\\", 'manta_x.q"uote', "_timescaledb_internal.chunk"]
RULES = {"exclude": ["hidden[.].*", ".*_old( .*)?", "shown[.]o'clock\\\\.*", "manta_.*", "_timescaledb_internal.*"]}
# One family of each query that shows tables, indexes or sequences.
EVERY_SORT = {
    "pg_default_partition_rows",
    "pg_relation_size_total_bytes",
    "pg_sequence_used_ratio",
    "pg_stat_user_indexes_size_bytes",
    "pg_stat_user_tables_n_mod_since_analyze",
    "pg_stat_user_tables_seq_scan",
    "pg_statio_user_indexes_idx_blks_hit",
    "pg_statio_user_tables_heap_blks_hit",
    "pg_statio_user_tables_toast_blocks_hit",
    "pg_table_freeze_xid_age_xids",
    "pg_table_size_bytes",
    "pg_vacuum_xid_age",
}


@pytest.fixture(scope="module")
def server(cluster):
    """With every sort of thing that has a row of its own on the page, by the name of its table."""
    result = cluster(listen=[address(i) for i in range(1, 5)]).start()
    result.role()
    for place in ["public.t", "shown.t", *HIDDEN]:
        schema, table = (x.replace('"', '""') for x in place.split("."))
        result.psql(f'create schema if not exists "{schema}"')
        result.psql(
            f'create table "{schema}"."{table}" (id int primary key, note text) with (fillfactor = 50);'
            f'insert into "{schema}"."{table}"'
            " select i, string_agg(md5(random()::text), '') from generate_series(1, 500) i,"
            " generate_series(1, 100) group by i;"
            f'update "{schema}"."{table}" set note = note || 1;'
            f'create table "{schema}"."{table} parent" (id int) partition by range (id);'
            f'create table "{schema}"."{table} rest" partition of "{schema}"."{table} parent" default;'
            f'insert into "{schema}"."{table} rest" values (1);'
            f'create sequence "{schema}"."{table} numbers" as smallint maxvalue 3;'
            f'select nextval($$"{schema}"."{table} numbers"$$) from generate_series(1, 3);'
            f'grant select on all sequences in schema "{schema}" to pgstatsmon;'
            f'alter table "{schema}"."{table}" owner to pgstatsmon;'
            f'grant usage on schema "{schema}" to pgstatsmon;'
            f'grant select on all tables in schema "{schema}" to pgstatsmon;'
        )
    result.psql("vacuum analyze")
    return result


def places(page, backend):
    """By family, the names `schema.table` that it shows of a backend."""
    result = {}
    for name, labels, _ in page.samples:
        if "schemaname" in labels and labels.get("backend") == backend:
            table = labels.get("relname") or labels.get("sequencename")
            result.setdefault(name, set()).add(f"{labels['schemaname']}.{table}")
    return result


def of_tables(names):
    """Their tables: what belongs to one is called after it."""
    return {x.split(" ")[0] for x in names}


def test_excluded_and_included(server, watch, directory):
    """What is left out is so in every family that has tables, and nothing else is."""
    entries = [
        backend("all", server),
        backend("excluded", server, tables=RULES),
        backend("included", server, tables={"include": ["shown[.].*", "hidden[.]t"]}),
        backend("both", server, tables={"include": ["(shown|hidden)[.].*"], **RULES}),
    ]
    for entry, host in zip(entries, server.listen):
        entry["ip"] = host
    daemon = watch(
        entries,
        collect={"sets": ["original", "core", "standard", "full"]},
        queries=str(queries.at_each_poll(directory / "queries", *QUERIES)),
    )
    daemon.wait_up(*(x["name"] for x in entries))
    page = daemon.wait_polls("both", 3)
    shown = {x["name"]: places(page, x["name"]) for x in entries}
    assert EVERY_SORT <= shown["all"].keys()
    for family in shown["all"]:
        there = of_tables(shown["all"][family])
        assert of_tables(shown["excluded"].get(family, set())) == there - set(HIDDEN), family
    for family, found in shown["all"].items():
        wanted = {x for x in found if x.startswith("shown.") or x == "hidden.t"}
        assert shown["included"].get(family, set()) == wanted, family
    for found in shown["both"].values():
        assert of_tables(found) == {"shown.t"}
    assert page.total("pg_query_error") == 0
