"""Which tables and databases the page shows, whatever they are called, and their odd settings."""

import pytest
from harness.daemon import backend

ABOUT_TABLES = [
    "pg_stat_user_tables_seq_scan",
    "pg_statio_user_tables_heap_blks_hit",
    "pg_statio_user_indexes_idx_blks_hit",
    "pg_relation_size_total_bytes",
    "pg_vacuum_xid_age",
]


def test_temporary_tables_make_no_series(primary, watch):
    sessions = [primary.session() for _ in range(3)]
    for session in sessions:
        session.run("create temp table passing (id int primary key, note text)")
        session.run("create unlogged table if not exists kept (id int primary key)")
        session.run("alter table passing owner to pgstatsmon; alter table kept owner to pgstatsmon")
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    for family in ABOUT_TABLES:
        assert {labels["relname"] for labels, _ in page.find(family)} == {"kept"}, family
    assert "pg_temp" not in page.text


def test_a_vacuum_of_a_temporary_table_makes_no_series(primary, watch):
    daemon = watch([backend("one", primary)])
    for table in ("temp table passing", "table staying"):
        session = primary.session()
        session.run(f"create {table}_on as select generate_series(1, 50000) as id")
        session.run("set vacuum_cost_delay = 100; set vacuum_cost_limit = 1")
        session.send(f"vacuum {table.split()[-1]}_on")
    page = daemon.wait_for(
        lambda page: page.find("pg_stat_progress_vacuum_phase", relname="staying_on"),
        what="the vacuum is seen",
    )
    primary_sees = "select count(*) from pg_stat_progress_vacuum"
    assert primary.psql(primary_sees) == "2"
    assert len(page.find("pg_stat_progress_vacuum_phase")) == 1
    primary.psql("select pg_cancel_backend(pid) from pg_stat_progress_vacuum")


def test_databases_are_left_out_as_templates_and_not_by_name(cluster, watch):
    server = cluster("databases").start()
    for name in ("templates_service", "template_2", "golden", "postgres2"):
        server.psql(f"create database {name}")
    server.psql("alter database golden is_template true")
    session = server.session("templates_service")
    daemon = watch([backend("one", server)])
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    own = {"templates_service", "template_2", "postgres2"}
    shown = {labels["datname"] for labels, _ in page.find("pg_stat_database_xact_commit")}
    assert shown == own
    shown = {labels["datname"] for labels, _ in page.find("pg_stat_activity_connections")}
    assert shown == own | {"postgres"}
    assert page.value("pg_stat_activity_connections", datname="templates_service", state="idle") == 1
    session.close()


def test_schemas_that_only_look_like_the_systems_are_shown(cluster, watch):
    server = cluster("schemas").start()
    session = server.session()
    session.run("set allow_system_table_mods = on")  # for names that begin with pg_
    schemas = ["pg_catalog2", "pg_toast_mine", "Information_Schema", "pgXtoast"]
    for schema in schemas:
        session.run(f'create schema "{schema}"; create table "{schema}".t (id int primary key)')
    daemon = watch([backend("one", server)])
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    for family in ABOUT_TABLES[:3]:
        shown = {labels["schemaname"] for labels, _ in page.find(family)}
        assert shown == set(schemas), family


# What a table's limit may say, and what the server takes it for.
LIMITS = {
    "1e8": 100_000_000,
    "0x5F5E100": 100_000_000,
    "0X00000005f5e100": 100_000_000,
    "0575360400": 100_000_000,
    " 100000000 ": 100_000_000,
    "+100000000": 100_000_000,
    "\t1.5E8\n": 150_000_000,
    ".15e9": 150_000_000,
    "100000001.5": 100_000_002,
    "0100000000.0": 100_000_000,
    "2000000000": 200_000_000,  # more than the server's limit, which counts
    "0x1.8p27": None,  # C knows hexadecimal fractions, SQL does not
}
# What no server accepts, but a catalog may hold.
BROKEN = ["1e8.0", "abc", "", "1e999", "-1", "9" * 400, "NaN", "infinity", "0x", "1e8 kB"]


def test_a_limit_is_read_as_the_server_reads_it(primary, watch):
    for i, (text, limit) in enumerate(LIMITS.items()):
        real = primary.psql(f"set vacuum_freeze_table_age = '{text}'; show vacuum_freeze_table_age")
        assert limit is None or min(int(real), 200_000_000) == limit
        primary.psql(f"create table limit_{i} (id int)")
        primary.psql(f"alter table limit_{i} set (autovacuum_freeze_max_age = '{text}')")
    for i, text in enumerate(BROKEN):
        primary.psql(f"create table broken_{i} (id int)")
        primary.psql(f"update pg_class set reloptions = array['autovacuum_freeze_max_age={text}']"
                     f" where relname = 'broken_{i}'")
    for prefix, count in (("limit", len(LIMITS)), ("broken", len(BROKEN))):
        for i in range(count):
            primary.psql(f"alter table {prefix}_{i} owner to pgstatsmon")
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    page = daemon.wait_asked("one")
    age, left = "pg_vacuum_xid_age", "pg_vacuum_tx_until_wraparound_autovacuum"
    for i, limit in enumerate(LIMITS.values()):
        table = {"relname": f"limit_{i}"}
        seen = page.value(left, **table)
        assert (seen and seen + page.value(age, **table)) == limit, table
    for i, text in enumerate(BROKEN):
        assert page.value(age, relname=f"broken_{i}") is not None
        assert page.value(left, relname=f"broken_{i}") is None, text
    assert page.total("pg_query_error") == 0


@pytest.mark.parametrize("name", ["a'b\"c\\", "", "x" * 63, "{a=\"1\"} 2"])
def test_an_applications_odd_name_changes_nothing(primary, watch, name):
    session = primary.session()
    session.run(f"""set application_name = '{name.replace("'", "''")}'""")
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    assert daemon.wait_polls("one", 1).total("pg_query_error") == 0
    session.close()
