"""A pgbouncer is a backend: its console's figures, its restarts, and who is let in."""

import json
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest
from harness.daemon import BINARY, backend
from harness.pgbouncer import Pgbouncer
from harness.queries import write_queries

# Column of SHOW -> metric and factor.
POOLS = {
    "cl_active": "client_active_connections",
    "cl_waiting": "client_waiting_connections",
    "cl_active_cancel_req": "client_active_cancel_connections",
    "cl_waiting_cancel_req": "client_waiting_cancel_connections",
    "sv_active": "server_active_connections",
    "sv_active_cancel": "server_active_cancel_connections",
    "sv_being_canceled": "server_being_canceled_connections",
    "sv_idle": "server_idle_connections",
    "sv_used": "server_used_connections",
    "sv_tested": "server_testing_connections",
    "sv_login": "server_login_connections",
    "maxwait": "client_maxwait_seconds",
}
STATS = {
    "query_count": ("queries_pooled_total", 1),
    "query_time": ("queries_duration_seconds_total", 1e-6),
    "xact_count": ("sql_transactions_pooled_total", 1),
    "xact_time": ("server_in_transaction_seconds_total", 1e-6),
    "wait_time": ("client_wait_seconds_total", 1e-6),
    "bytes_received": ("received_bytes_total", 1),
    "bytes_sent": ("sent_bytes_total", 1),
}
DATABASES = ["pool_size", "min_pool_size", "reserve_pool", "max_connections", "current_connections",
             "paused", "disabled"]
NAMES = ["name", "host", "port", "database", "force_user", "pool_mode"]
LISTS = {
    **{name: name for name in ["databases", "users", "pools", "free_clients", "used_clients",
                               "login_clients", "free_servers", "used_servers"]},
    "dns_names": "cached_dns_names",
    "dns_zones": "cached_dns_zones",
    "dns_queries": "in_flight_dns_queries",
}


@pytest.fixture
def bouncer(primary, directory):
    """A pgbouncer with two server sessions for each pool, whose console pgstatsmon may see."""
    with Pgbouncer(directory, primary, "transaction", 2, stats_users="pgstatsmon",
                   admin_users="postgres") as pooler:
        yield pooler


def console(name, pooler, **more):
    return backend(name, pooler, kind="pgbouncer", **more)


def wait_console(daemon, name="pool", value=1):
    return daemon.wait_for(lambda page: page.value("pgbouncer_up", backend=name) == value,
                           what=f"{name} is {value}")


def failures(page, name="pool"):
    found = page.find("pgstatsmon_backend_failures_total", backend=name)
    return {labels["reason"] for labels, value in found if value}


def show(pooler, what):
    """Rows of a SHOW as psql has them."""
    url = f"host={pooler.host} port={pooler.port} dbname=pgbouncer user=pgstatsmon"
    text = subprocess.run(["psql", "-XAq", "-F", "\t", "-P", "footer=off", "-d", url, "-c",
                           f"SHOW {what}"], capture_output=True, text=True, check=True).stdout
    head, *rows = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def hold(pooler, seconds, user="pgstatsmon"):
    """A client that keeps a server session; ends when its query does."""
    client = threading.Thread(target=pooler.psql, args=(f"select pg_sleep({seconds})",),
                              kwargs={"user": user}, daemon=True)
    client.start()
    return client


def test_values_are_those_of_show(primary, bouncer, watch):
    bouncer.psql("select 1; select 2")
    daemon = watch([console("pool", bouncer), backend("one", primary)])
    wait_console(daemon)
    page = daemon.wait_asked("pool")
    one = {"backend": "pool"}
    databases = show(bouncer, "DATABASES")
    stats = show(bouncer, "STATS_TOTALS")
    pools = show(bouncer, "POOLS")
    lists = {row["list"]: row["items"] for row in show(bouncer, "LISTS")}
    config = {row["key"]: row["value"] for row in show(bouncer, "CONFIG")}
    page = daemon.wait_polls("pool", 2)
    assert {"postgres", "pgbouncer"} <= {row["name"] for row in databases}
    for row in databases:
        labels = {name: row[name] for name in NAMES}
        for column in DATABASES:
            found = page.value(f"pgbouncer_databases_{column}", **one, **labels)
            assert found == float(row[column]), (column, row)
    # psql's own look is a client, a login and a few queries of the console.
    for row in (row for row in pools if row["database"] != "pgbouncer"):
        for column, metric in POOLS.items():
            found = page.value(f"pgbouncer_pools_{metric}", **one, database=row["database"],
                               user=row["user"])
            assert found == float(row[column]), (column, row)
    for row in (row for row in stats if row["database"] != "pgbouncer"):
        for column, (metric, scale) in STATS.items():
            found = page.value(f"pgbouncer_stats_{metric}", **one, database=row["database"])
            assert found == pytest.approx(float(row[column]) * scale), (column, row)
    assert page.value("pgbouncer_stats_queries_pooled_total", database="postgres") >= 2
    for name, metric in LISTS.items():
        if "clients" not in name:
            assert page.value(f"pgbouncer_{metric}", **one) == float(lists[name]), name
    assert page.value("pgbouncer_used_clients", **one) == 1
    for metric, key in [("max_client_connections", "max_client_conn"),
                        ("max_user_connections", "max_user_connections"),
                        ("max_db_connections", "max_db_connections"),
                        ("default_pool_size", "default_pool_size")]:
        assert page.value(f"pgbouncer_config_{metric}", **one) == float(config[key]), key
    version = show(bouncer, "VERSION")[0]["version"]
    assert page.value("pgbouncer_version_info", **one, version=version) == 1
    types = {name: kind for name, kind in page.types.items() if name.startswith("pgbouncer_")}
    assert {name for name, kind in types.items() if kind == "counter"} == {
        f"pgbouncer_stats_{metric}" for metric, _ in STATS.values()}
    assert page.total("pg_query_error") == 0
    assert page.total("pg_NaN_error") == 0
    lines = daemon.lines("pool")
    assert not [line for line in lines if " warn " in line or " error " in line], lines


def test_both_kinds_stand_beside_each_other(primary, bouncer, watch):
    entries = [backend("direct", primary), backend("pooled", bouncer), console("pool", bouncer)]
    daemon = watch(entries)
    daemon.wait_up("direct", "pooled")
    page = wait_console(daemon)

    def names(family):
        return {labels["backend"] for labels, _ in page.find(family)}

    assert names("pg_up") == {"direct", "pooled"}
    assert names("pgbouncer_up") == {"pool"}
    assert names("pgstatsmon_backend_setup") == {"direct", "pooled"}
    assert names("pgbouncer_pools_client_active_connections") == {"pool"}
    assert names("pg_stat_database_xact_commit") <= {"direct", "pooled"}
    info = page.find("pgstatsmon_backend_info", backend="pool")
    assert [labels["role"] for labels, _ in info] == ["pgbouncer"]
    assert show(bouncer, "VERSION")[0]["version"].endswith(info[0][0]["version"])
    listed = json.loads(daemon.get("/api/v1/backends").body)
    assert "pgbouncer" in json.dumps(listed)
    one = json.loads(daemon.get("/api/v1/backends/pool").body)
    asked = {x["query"] for x in one["plan"]}
    assert asked == {f"pgbouncer_{x}" for x in
                     ["config", "databases", "lists", "pools", "stats", "version"]}
    plan = subprocess.run([BINARY, "console", "--socket", daemon.config["console"]["socket"], "plan",
                           "pool"], capture_output=True, text=True, check=True).stdout
    assert "pgbouncer_pools" in plan and "pg_locks" not in plan
    page = daemon.get("/metrics?backend=pool&collect[]=pgbouncer_pools").body.decode()
    assert "pgbouncer_up{" in page and "pgbouncer_lists" not in page
    assert failures(daemon.scrape()) == set()


def test_clients_that_wait_are_seen(bouncer, watch):
    daemon = watch([console("pool", bouncer)])
    wait_console(daemon)
    clients = [hold(bouncer, 4) for _ in range(5)]

    def waiting(page):
        return page.value("pgbouncer_pools_client_waiting_connections", backend="pool",
                          database="postgres", user="pgstatsmon")

    page = daemon.wait_for(lambda page: waiting(page) == 3, what="three wait")
    labels = {"backend": "pool", "database": "postgres", "user": "pgstatsmon"}
    assert page.value("pgbouncer_pools_server_active_connections", **labels) == 2
    assert page.value("pgbouncer_pools_client_active_connections", **labels) == 2
    page = daemon.wait_for(
        lambda page: page.value("pgbouncer_pools_client_maxwait_seconds", **labels) >= 2,
        what="they wait for two seconds")
    for client in clients:
        client.join()
    page = daemon.wait_for(lambda page: waiting(page) == 0, what="nobody waits")
    waited = page.value("pgbouncer_stats_client_wait_seconds_total", backend="pool",
                        database="postgres")
    assert waited > 6


def test_a_pgbouncer_that_restarts_is_found_again(primary, bouncer, watch):
    daemon = watch([console("pool", bouncer), backend("one", primary)])
    wait_console(daemon)
    bouncer.close()
    page = wait_console(daemon, value=0)
    assert failures(page) <= {"refused", "network"}
    assert page.value("pg_up", backend="one") == 1
    bouncer.start()
    wait_console(daemon)
    page = daemon.wait_polls("pool", 2)
    assert page.value("pgbouncer_pools_client_active_connections", backend="pool",
                      database="pgbouncer") == 1


@contextmanager
def halted(bouncer):
    """Alive and silent."""
    bouncer.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        bouncer.process.send_signal(signal.SIGCONT)


def test_a_role_that_may_not_see_is_told_what_it_lacks(primary, watch, directory):
    with Pgbouncer(directory, primary, "transaction", stats_users="postgres") as pooler:
        daemon = watch([console("pool", pooler)])
        page = daemon.wait_for(lambda page: "stats_users" in failures(page), what="refused")
        assert page.value("pgbouncer_up", backend="pool") == 0
        assert failures(page) == {"stats_users"}
        lines = daemon.lines("pool", "stats_users: ")
    assert lines and "pgstatsmon is in neither stats_users nor admin_users" in lines[0]
    assert "connecting without startup options" not in daemon.log()


@pytest.mark.parametrize("auth", ["md5", "scram-sha-256"])
def test_a_password_is_libpqs_affair(primary, watch, directory, auth):
    secret = directory / f"password-{auth}"
    secret.write_text("right\n")
    secret.chmod(0o600)
    with Pgbouncer(directory, primary, "transaction", password="right", auth_type=auth,
                   stats_users="pgstatsmon") as pooler:
        daemon = watch([console("pool", pooler)], password_file=str(secret))
        wait_console(daemon)
        daemon.stop()
        secret.write_text("wrong\n")
        daemon = watch([console("pool", pooler)], password_file=str(secret))
        page = daemon.wait_for(lambda page: failures(page), what="refused")
    assert failures(page) <= {"auth", "other"}
    assert "in neither stats_users" not in daemon.log()


def test_a_mistaken_kind_is_named(primary, bouncer, watch):
    primary.psql("create database pgbouncer")
    entries = [
        backend("a", bouncer, database="pgbouncer"),
        backend("b", primary, kind="pgbouncer", database="no_such_database"),
        backend("c", primary, kind="pgbouncer"),
        backend("d", bouncer, kind="pgbouncer", database="postgres"),
    ]
    daemon = watch(entries)
    words = {"a": "say kind: pgbouncer", "b": "say kind: postgres", "c": "say kind: postgres",
             "d": "say kind: postgres"}
    daemon.wait_for(lambda page: all(daemon.lines(f"backend {x}:", word)
                                     for x, word in words.items()), what="each is told")
    page = daemon.scrape()
    assert page.value("pg_up", backend="a") == 0
    assert {page.value("pgbouncer_up", backend=x) for x in "bcd"} == {0}
    primary.psql("drop database pgbouncer")


def test_a_console_that_is_not_for_the_role_is_known_as_one(primary, watch, directory):
    with Pgbouncer(directory, primary, "transaction", ignore_startup_parameters="options") as pooler:
        daemon = watch([backend("a", pooler, database="pgbouncer")])
        daemon.wait_for(lambda _: daemon.lines("backend a", "say kind: pgbouncer"), what="told")


def test_a_console_that_says_nothing_times_out(bouncer, watch):
    daemon = watch([console("pool", bouncer)], connections={"query_timeout": 300})
    wait_console(daemon)
    with halted(bouncer):
        page = wait_console(daemon, value=0)
        assert "timeout" in failures(page)
    wait_console(daemon)


def test_lint_against_a_console(bouncer, directory):
    url = f"host={bouncer.host} port={bouncer.port} dbname=pgbouncer user=pgstatsmon"
    done = subprocess.run([BINARY, "--lint", "--against", url], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert "pgbouncer): 6 statements executed, 0 not tried" in done.stdout, done.stdout
    assert done.stdout.splitlines()[-1].endswith(" for other servers, 0 faults")
    wrong = directory / "wrong-consoles"
    wrong.mkdir()
    (wrong / "q.yaml").write_text(
        "name: q\nhelp: Something.\nkind: pgbouncer\nlabels: [database]\nmetrics:\n"
        "  - {column: cl_activ, type: gauge, help: A misspelt one.}\n"
        "  - {column: cl_later, from: 1.99, type: gauge, help: Of a later version.}\n"
        "versions:\n  - sql: SHOW POOLS\n")
    done = subprocess.run([BINARY, "--lint", str(wrong), "--against", url], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 1
    assert "cl_activ is no column of versions[0].sql" in done.stderr
    assert "cl_later" not in done.stderr


def test_queries_of_ones_own(bouncer, watch, directory):
    queries = write_queries(directory / "own-consoles", qa="SELECT 1 AS n")
    (queries / "mem.yaml").write_text(
        "name: pgbouncer_mem\nhelp: Memory.\nkind: pgbouncer\nlabels: [name]\nmetrics:\n"
        "  - {column: memtotal, unit: bytes, type: gauge, help: Bytes.}\n"
        "  - {column: size, type: gauge, help: Bytes.}\nversions:\n  - sql: SHOW MEM\n")
    daemon = watch([console("pool", bouncer)], queries=str(queries))
    page = wait_console(daemon)
    found = page.find("pgbouncer_mem_memtotal_bytes", backend="pool")
    assert len(found) > 3
    assert page.value("qa_n", backend="pool") is None
    assert page.value("pg_query_count", backend="pool") == 1


def test_a_list_names_the_kind(bouncer, watch, directory):
    listed = directory / "consoles.json"
    listed.write_text(json.dumps([{"targets": [f"{bouncer.host}:{bouncer.port}"],
                                   "labels": {"name": "pool", "__kind__": "pgbouncer"}}]))
    daemon = watch([], file={"path": str(listed)})
    page = wait_console(daemon)
    assert page.value("pgbouncer_users", backend="pool") > 2


def test_check_says_what_is_meant_and_refuses_what_is_not(directory):
    def check(**entry):
        file = directory / "check-console.json"
        file.write_text(json.dumps({"static": {"dbs": [
            {"name": "p", "ip": "127.0.0.1", "port": 6432, "kind": "pgbouncer", **entry}]}}))
        return subprocess.run([BINARY, "--check", str(file)], capture_output=True, text=True,
                              timeout=60)

    good = check()
    assert good.returncode == 0 and "pgbouncer's console pgbouncer" in good.stdout, good
    for entry, words in [
        ({"databases": True}, "asks for the databases of a PostgreSQL server"),
        ({"tables": {"include": ["public.*"]}}, "chooses tables of a PostgreSQL server"),
        ({"role": "x"}, "names a database of a PostgreSQL server"),
        ({"collect": {"on": ["pg_locks"]}}, "pg_locks is a query of kind: postgres"),
        ({"kind": "pgpool"}, "expected one of postgres, pgbouncer"),
    ]:
        bad = check(**entry)
        assert bad.returncode == 1 and words in bad.stdout + bad.stderr, bad
