"""Setup: the role that polls is made where it is missing, once, whoever else tries."""

from harness.daemon import backend, polls
from harness.network import address

ROLE = """
select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolconnlimit,
       pg_has_role(oid, 'pg_monitor', 'member') as monitor
from pg_roles where rolname = 'pgstatsmon'"""


def setup_of(page, name):
    return page.state("pgstatsmon_backend_setup", backend=name)


def test_virgin_cluster(cluster, watch):
    server = cluster().start()
    daemon = watch([backend("one", server)])
    page = daemon.wait_up("one", timeout=10)
    assert setup_of(page, "one") == "done"
    assert server.rows(ROLE) == [
        {
            "rolcanlogin": "t",
            "rolsuper": "f",
            "rolcreatedb": "f",
            "rolcreaterole": "f",
            "rolreplication": "f",
            "rolconnlimit": "24",  # 16, and 4 for each of two databases
            "monitor": "t",
        }
    ]
    daemon.wait_polls("one", 2)
    assert server.sessions_of("postgres") == 1  # our psql: setup's connection is closed
    # Nothing is left in the databases.
    assert server.psql("select count(*) from pg_proc where proname like 'get_stat%'") == "0"


def test_several_backends_on_one_cluster_at_once(cluster, watch):
    server = cluster("shared", listen=[address(i) for i in range(4)]).start()
    entries = [{"name": f"b{i}", "ip": h, "port": server.port} for i, h in enumerate(server.listen)]
    daemon = watch(entries)
    names = [entry["name"] for entry in entries]
    daemon.wait_up(*names)
    page = daemon.wait_for(lambda p: all(setup_of(p, n) == "done" for n in names), what="done")
    # Only that the role was missing at first may have failed.
    found = page.find("pgstatsmon_backend_failures_total")
    assert {labels["reason"] for labels, value in found if value} <= {"auth"}


def test_disabled(cluster, watch):
    server = cluster("disabled").start()
    server.role(monitor=False)
    daemon = watch([backend("one", server)], setup={"enabled": False})
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 1)
    assert setup_of(page, "one") == "disabled"
    assert page.find("pg_stat_bgwriter_buffers_alloc")
    assert server.rows(ROLE)[0]["monitor"] == "f"


def test_disabled_where_nothing_is_missing(primary, watch):
    daemon = watch([backend("one", primary)], setup={"enabled": False})
    daemon.wait_up("one")
    assert setup_of(daemon.wait_polls("one", 1), "one") == "done"


def test_wrong_setup_password(cluster, watch, directory):
    """Setup fails, is said to have failed, is tried again, and polls go on."""
    server = cluster("guarded").start()
    server.role(monitor=False)
    server.psql("create role admin superuser login password 'right'")
    server.allow(
        "host all admin 127.0.0.0/8 scram-sha-256",
        "host all all 127.0.0.0/8 trust",
    )
    secret = directory / "admin-password"
    secret.write_text("wrong")
    options = {"enabled": True, "user": "admin", "password_file": str(secret)}
    daemon = watch([backend("one", server)], setup=options)
    daemon.wait_up("one")
    page = daemon.wait_for(lambda p: setup_of(p, "one") == "failed", what="setup failed")
    start = polls(page, "one")
    page = daemon.wait_for(lambda p: polls(p, "one") >= start + 3, what="polled all the same")
    assert page.value("pg_up", backend="one") == 1
    assert page.find("pg_stat_bgwriter_buffers_alloc")
    secret.write_text("right")
    daemon.wait_for(lambda p: setup_of(p, "one") == "done", 30, "tried again")
    assert server.rows(ROLE)[0]["monitor"] == "t"
    assert "wrong" not in daemon.log() and "right" not in daemon.log().replace("rights", "")


def test_existing_role_keeps_its_attributes(cluster, watch):
    server = cluster("kept").start()
    server.role(attributes="createdb connection limit 7", monitor=False)
    daemon = watch([backend("one", server)])
    daemon.wait_for(lambda p: setup_of(p, "one") == "done", what="rights are given")
    row = server.rows(ROLE)[0]
    assert (row["rolcreatedb"], row["rolconnlimit"], row["monitor"]) == ("t", "7", "t")


def test_a_limit_of_an_earlier_setup_is_raised(cluster, watch):
    """Five sessions are too few for a server with many databases; a limit of somebody else's stays."""
    server = cluster("limited").start()
    server.role(attributes="connection limit 5", monitor=False)
    for i in range(5):
        server.psql(f"create database d{i}")
    daemon = watch([backend("one", server)])
    daemon.wait_for(lambda p: setup_of(p, "one") == "done", what="rights are given")
    assert server.rows(ROLE)[0]["rolconnlimit"] == str(16 + 4 * 7)


def test_a_limit_that_is_reached_is_raised(cluster, watch):
    """All rights are there, so only the refusal tells that something is missing."""
    server = cluster("reached").start()
    server.role(attributes="connection limit 5")
    names = [f"d{i}" for i in range(7)]
    for name in names:
        server.psql(f"create database {name}")
    watch([backend(name, server, database=name) for name in names]).wait_up(*names)
    assert server.sessions_of() == 7


def test_seven_databases_and_two_daemons_fit(cluster, watch):
    server = cluster("seven").start()
    names = [f"d{i}" for i in range(7)]
    for name in names:
        server.psql(f"create database {name}")
    entries = [backend(name, server, database=name) for name in names]
    first, second = watch(entries), watch(entries)
    first.wait_up(*names)
    second.wait_up(*names)
    assert server.sessions_of() == 14


def test_the_role_gets_its_password(cluster, watch, directory):
    """Where the role must give one, it can: setup has told the server."""
    server = cluster("with_password").start()
    server.allow("host all postgres 127.0.0.0/8 trust", "host all all 127.0.0.0/8 scram-sha-256")
    secret = directory / "role-password"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    daemon = watch([backend("one", server)], password_file=str(secret))
    daemon.wait_up("one")
    kept = server.psql("select rolpassword from pg_authid where rolname = 'pgstatsmon'")
    assert kept.startswith("SCRAM-SHA-256$")
    assert "correct horse" not in server.log() + daemon.log()


def test_a_standby_is_left_alone(cluster, watch):
    """Only its primary can make the role: nothing is tried that can't succeed."""
    primary = cluster("bare").start()
    standby = cluster.standby_of(primary, "bare_standby").start()
    daemon = watch([backend("two", standby)])
    daemon.wait_for(
        lambda p: setup_of(p, "two") == "standby"
        and p.value("pgstatsmon_backend_failures_total", backend="two", reason="auth") >= 2,
        what="known to be a standby",
    )
    assert "read-only transaction" not in standby.log()
    primary.role()
    daemon.wait_up("two")


def test_nothing_is_written_when_all_is_there(primary, watch):
    xid = "select pg_current_xact_id_if_assigned() is null, (select max(age(datfrozenxid)) from pg_database)"
    before = primary.psql(xid)
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    daemon.wait_polls("one", 3)
    assert primary.psql(xid) == before
