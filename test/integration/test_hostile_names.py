"""Names that need escaping, in labels and in SQL."""

import pytest
from harness.daemon import backend

NAMES = [
    'we"ird\\tbl',
    "new\nline",
    "tab\tbed",
    "{brace}=,",
    "quo'te",
    "ünïcödé ☃",
    "back\\\\slashes\\n",
    " spaces ",
    "\x01control\x7f",
]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def test_table_names(primary, watch):
    for name in NAMES:
        primary.psql(f"create table {quoted(name)} (id int)")
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    for family in ("pg_stat_user_tables_seq_scan", "pg_relation_size_total_bytes"):
        assert {labels["relname"] for labels, _ in page.find(family)} >= set(NAMES)


@pytest.mark.parametrize("name", ['we"ird\\role', "Mixed Case'; drop role x; --"])
def test_role_and_database_names(cluster, watch, name):
    server = cluster().start()
    server.psql(f"create database {quoted(name)}")
    daemon = watch([backend("one", server)], user=name, database=name)
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    assert page.find("pg_stat_database_xact_commit", datname=name)
    assert page.state("pgstatsmon_backend_setup") == "done"


def test_backend_names(primary, watch):
    names = ['a"b\\c', "{x}=,", "ünïcödé"]
    entries = [backend(name, primary, database=f"d{i}") for i, name in enumerate(names)]
    for entry in entries:
        primary.psql(f"create database {entry['database']}")
    page = watch(entries).wait_up(*names)
    assert {labels["backend"] for labels, _ in page.find("pg_up")} == set(names)


def test_a_name_cannot_forge_log_lines(primary, watch):
    """It is refused, in one line."""
    daemon = watch([backend("new\nline", primary)], ready=False)
    assert daemon.process.wait(20) == 1
    assert len(daemon.log().splitlines()) == 1 and "static.dbs[0].name" in daemon.log()
    daemon.process = None


def test_invalid_utf8(cluster, watch):
    """A database without an encoding can hold any bytes."""
    server = cluster("sql_ascii").start()
    server.psql("create database raw encoding 'SQL_ASCII' locale 'C' template template0")
    server.psql("do $$ begin execute 'create table \"bad' || chr(233) || '\" (id int)'; end $$", "raw")
    daemon = watch([backend("one", server)], database="raw")
    daemon.wait_up("one")
    tables = [l["relname"] for l, _ in daemon.wait_polls("one", 1).find("pg_stat_user_tables_seq_scan")]
    assert tables == ["bad\ufffd"]
