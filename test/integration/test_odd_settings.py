"""Settings of the role, the database and the server that are odd in every way change no series."""

import re

import pytest
from harness.catalogue import ORIGINAL
from harness.daemon import backend

# What is not made odd, and why.
LEFT_OUT = {
    "session_preload_libraries": "a library that is not there refuses everybody, and only a superuser says it",
    "dynamic_library_path": "only a superuser's, and of use to who loads libraries",
    "extension_destdir": "only a superuser's, and of use to who makes extensions",
    "session_authorization": "nobody can set it for a role or a database",
    "transaction_isolation": "begins with each transaction as its default_transaction_ setting says",
    "transaction_read_only": "as above",
    "transaction_deferrable": "as above",
    "seed": "write-only",
    "timezone_abbreviations": "names files of the server; our SQL reads no times",
    "lc_messages": "only a superuser's; messages are shown and not read",
    "track_counts": "only a superuser's, who then wants no counters",
    "track_activities": "only a superuser's, who then wants no states",
    "allow_system_table_mods": "only a superuser's, and of use to writers",
    "debug_discard_caches": "only a superuser's: slows the whole server down a hundredfold",
    "jit_debugging_support": "can't be set after the start of a session",
    "jit_profiling_support": "can't be set after the start of a session",
    "ignore_system_indexes": "only a superuser's: for repairs",
    "log_statement_stats": "excludes the other log_*_stats",
    "max_stack_depth": "only a superuser's; too small for any query",
    "post_auth_delay": "only a superuser's: waits before the session begins",
    "temp_file_limit": "only a superuser's, who then wants sorts to fail",
    "wal_consistency_checking": "only a superuser's, and of use to writers",
    "backtrace_functions": "only a superuser's: names of the server's own functions",
    "output_plugin_libraries": "only a superuser's: which plugins may decode the WAL",
    "zero_damaged_pages": "only a superuser's: destroys data",
    "log_min_messages": "only a superuser's: fills the log",
    "log_min_error_statement": "only a superuser's: fills the log",
}

# Strings that are odd and allowed. Others are lists of choices or numbers, and found by themselves.
STRINGS = {
    "DateStyle": "German, DMY",
    "TimeZone": "Asia/Kathmandu",
    "application_name": "theirs",
    "client_encoding": "LATIN1",
    "default_table_access_method": "heap",
    "default_tablespace": "pg_global",
    "default_text_search_config": "pg_catalog.german",
    "idle_session_timeout": "3000",  # a first session, which does not know the version yet, must poll
    "lc_monetary": "C.UTF-8",
    "lc_numeric": "C.UTF-8",
    "lc_time": "C.UTF-8",
    "local_preload_libraries": "their_library",
    "restrict_nonsystem_relation_kind": "view",
    "role": "app",
    "search_path": "evil, pg_catalog",
    "temp_tablespaces": "nowhere",
}

SETTINGS = """
select name, context, vartype, boot_val, min_val, max_val, enumvals::text as words from pg_settings
 where context in ('user', 'superuser', 'backend', 'superuser-backend')"""


def odd_value(row):
    """Another value than the one that the server was built with, as far from it as can be."""
    kind, boot = row["vartype"], row["boot_val"]
    if row["name"] in STRINGS:
        return STRINGS[row["name"]]
    if kind == "bool":
        return "off" if boot == "on" else "on"
    if kind == "enum":
        words = re.findall(r'"[^"]*"|[^{},]+', row["words"])
        return next(w.strip('"') for w in words if w.strip('"') != boot)
    if kind in ("integer", "real"):
        # A limit of time or memory hurts most where it is least; 0 is often none at all.
        low, high = float(row["min_val"]), float(row["max_val"])
        for value in (1, low, high):
            if low <= value <= high and value != float(boot or 0):
                return f"{value:g}" if value < 1e15 else str(int(value))
    return None


def odd_settings(server):
    """Every setting that a session may have of its own, with an odd value."""
    result = {}
    for row in server.rows(SETTINGS):
        if row["name"] in LEFT_OUT or row["context"] == "superuser-backend":
            continue
        value = odd_value(row)
        assert value is not None, f"no odd value for {row['name']}"
        result[row["name"]] = value
    return result


def series(page, name):
    """Name, labels and value of every series of PostgreSQL's about one backend."""
    return {
        (family, tuple(sorted((k, v) for k, v in labels.items() if k != "backend"))): value
        for family, labels, value in page.samples
        if labels.get("backend") == name and re.match(r"pg_(?!query|connect)", family)
        and not re.search("querytime|wait_events|wait_seconds", family) # waits are of the moment
    }


# Values that two servers share only by chance: counters, positions and ages.
MOVING = re.compile(
    "pg_database_wraparound|pg_stat_database|pg_stat_activity|pg_stat_bgwriter|pg_recovery"
    "|pg_stat_replication|pg_vacuum|_blks_|pg_stat_user_tables_(seq|idx)"
)


def still(samples):
    """Those that two servers must share."""
    mine = tuple(f"{query}_" for query in ORIGINAL)
    return {k: v for k, v in samples.items() if k[0].startswith(mine) and not MOVING.match(k[0])}


@pytest.fixture(scope="module")
def servers(cluster):
    plain = cluster("plain").start()
    odd = cluster("odd").start()
    for server in (plain, odd):
        server.role()
        server.psql("create role app login")
        server.psql("create database appdb owner app")
        server.psql("create table t (id int primary key, v text); insert into t values (1, 'a');"
                    " create table \"odd name\" (id int)", "appdb")
    return plain, odd


@pytest.mark.parametrize("guards", [True, False], ids=["guarded", "unguarded"])
def test_the_page_is_a_plain_servers(servers, watch, guards):
    plain, odd = servers
    settings = odd_settings(odd)
    text = []
    for name, value in settings.items():
        value = value if name in ("search_path", "DateStyle") else f"'{value}'"
        # Where no packet is, nothing can keep the session alive or end its first statement's limits.
        if not guards and name in BEFORE_THE_FIRST_STATEMENT:
            continue
        for owner in ("role pgstatsmon", "database appdb", "role pgstatsmon in database appdb"):
            text.append(f"alter {owner} set {name} = {value};")
    odd.psql("\n".join(text))
    daemon = watch(
        [backend("plain", plain, database="appdb"), backend("odd", odd, database="appdb")],
        connections={"guards": guards},
        setup={"enabled": False},
    )
    daemon.wait_up("plain", "odd")
    page = daemon.wait_asked("plain", "odd")
    daemon.stop()
    odd.psql("alter role pgstatsmon reset all; alter database appdb reset all;"
             " alter role pgstatsmon in database appdb reset all")
    one, other = series(page, "plain"), series(page, "odd")
    assert one.keys() == other.keys()
    assert still(one) == still(other)
    found = page.find("pgstatsmon_backend_failures_total", backend="odd")
    assert {labels["reason"] for labels, value in found if value} == set()
    assert page.value("pgstatsmon_backend_connects_total", backend="odd") == 1


# Ends or refuses a session before a statement of ours can say otherwise.
BEFORE_THE_FIRST_STATEMENT = {
    "local_preload_libraries",
    "statement_timeout",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "role",
}


def test_an_idle_session_is_kept(servers, watch):
    """The first session does not know yet that the server has such a limit; it may be lost once."""
    odd = servers[1]
    odd.psql("alter role pgstatsmon set idle_session_timeout = '300ms'")
    daemon = watch([backend("one", odd)], interval=1000, connections={"query_timeout": 900})
    daemon.wait_up("one")
    first = daemon.wait_polls("one", 2)
    last = daemon.wait_polls("one", 3)
    daemon.stop()
    odd.psql("alter role pgstatsmon reset all")
    connects = [p.value("pgstatsmon_backend_connects_total", backend="one") for p in (first, last)]
    assert connects[0] == connects[1] <= 2
