"""`--print-setup`: what a DBA pastes makes what setup would have made."""

import json
import re
import subprocess

import pytest
from harness.daemon import BINARY, backend, configuration

ROLE = """
select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolconnlimit, rolinherit,
       pg_has_role(oid, 'pg_monitor', 'usage') as monitor, shobj_description(oid, 'pg_authid'),
       (select setconfig from pg_db_role_setting s where s.setrole = r.oid) as settings
from pg_roles r where rolname = 'watcher'"""


def printed(path, *arguments):
    done = subprocess.run([BINARY, "--print-setup", str(path), *arguments], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def file(directory):
    path = directory / "for-a-dba.json"

    def write(entries, **more):
        path.write_text(json.dumps(configuration(entries, user="watcher", **more)))
        return path

    return write


def test_it_makes_what_setup_makes(cluster, watch, file):
    by_setup = cluster("by_setup").start()
    by_hand = cluster("by_hand").start()
    watch([backend("one", by_setup)], user="watcher").wait_up("one")
    version = by_hand.psql("show server_version_num")
    script = printed(file([backend("one", by_hand)]), "--server-version", version)
    sql = re.sub(r"(?m)^\\password.*$", "", script)
    assert sql != script
    for _ in range(2):  # it may be pasted again
        by_hand.psql(sql)
    assert by_hand.rows(ROLE) == by_setup.rows(ROLE)
    # No superuser is needed then.
    watch([backend("two", by_hand)], user="watcher", setup={"enabled": False}).wait_up("two")


def test_pg_hba_has_what_is_watched(file, directory):
    listed = directory / "for-a-dba.yaml"
    listed.write_text("- {name: b, ip: 192.0.2.2, user: other, database: crm}\n")
    script = printed(
        file(
            [{"name": "a", "ip": "192.0.2.1", "database": "shop", "parameters": {"sslmode": "require"}},
             {"name": "s", "ip": "/run/postgresql", "user": "local"},
             {"name": "p", "ip": "192.0.2.3", "kind": "pgbouncer", "user": "bouncer"}],
            file={"path": str(listed), "databases": True},
        )
    )
    assert '-- hostssl  "shop"  "watcher"  ADDRESS/32  scram-sha-256' in script
    assert '-- host  all  "other"  ADDRESS/32  scram-sha-256' in script
    assert '-- local  "postgres"  "local"  peer' in script
    assert "-- stats_users = bouncer" in script
    assert script.count("CREATE ROLE") == 3


def test_versions(file):
    path = file([{"name": "a", "ip": "192.0.2.1"}])
    assert "WITH INHERIT TRUE" in printed(path)
    assert "WITH INHERIT TRUE" not in printed(path, "--server-version", "15")
    assert "get_stat_activity" in printed(path, "--server-version", "9.6")
    done = subprocess.run([BINARY, "--print-setup", str(path), "--server-version", "8.4"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "9.2" in done.stderr
    assert subprocess.run([BINARY, "--server-version", "15", str(path)], capture_output=True,
                          timeout=60).returncode == 2


def test_a_wrong_file(directory):
    path = directory / "wrong.json"
    path.write_text('{"static": {"dbs": [{}]}}')
    done = subprocess.run([BINARY, "--print-setup", str(path)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and "static.dbs[0].ip" in done.stderr and not done.stdout
