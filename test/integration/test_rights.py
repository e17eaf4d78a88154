"""What the polling role may not see is absent, and follows its rights while it is connected."""

import re
from pathlib import Path

from harness.daemon import backend

README = Path(__file__).resolve().parents[2] / "README.md"
IDLE = {"datname": "postgres", "state": "idle"}


def idle(page):
    return page.value("pg_stat_activity_connections", backend="one", **IDLE)


def test_sessions_that_may_not_be_seen_are_not_counted_as_none(cluster, watch):
    server = cluster("rights").start()
    server.role(monitor=False)
    server.session()
    daemon = watch([backend("one", server)], setup={"enabled": False})
    page = daemon.wait_up("one")
    assert idle(page) is None
    assert page.state("pgstatsmon_backend_setup", backend="one") == "disabled"
    # A database with nobody in it has nothing to hide.
    assert page.value(
        "pg_stat_activity_connections", backend="one", datname="postgres", state="active"
    ) is None
    server.psql("grant pg_monitor to pgstatsmon")
    page = daemon.wait_for(lambda p: (idle(p) or 0) >= 1, 20, "the rights are used")
    assert page.state("pgstatsmon_backend_setup", backend="one") == "done"
    server.psql("revoke pg_monitor from pgstatsmon")
    daemon.wait_for(lambda p: idle(p) is None, 20, "what is not seen is absent")
    daemon.wait_for(
        lambda p: p.state("pgstatsmon_backend_setup", backend="one") == "disabled", 60, "noticed"
    )
    assert len(daemon.lines("lost its rights")) == 1
    server.psql("grant pg_monitor to pgstatsmon")
    daemon.wait_for(
        lambda p: p.state("pgstatsmon_backend_setup", backend="one") == "done", 60, "given back"
    )
    assert page.value("pgstatsmon_backend_connects_total", backend="one") == 1
    assert len(daemon.lines("has its rights again")) == 1


def test_role_made_by_hand(cluster, watch):
    """What the README gives to paste is all that is needed."""
    server = cluster("hand").start()
    sql, = re.findall(r"```sql\n(CREATE ROLE.*?)```", README.read_text(), re.S)
    assert "\n\\password pgstatsmon\n" in sql
    server.psql(re.sub(r"\\password .*", "", sql))
    line, = re.findall(r"\n    (hostssl .*scram-sha-256)\n", README.read_text())
    server.allow(line, "host all all 127.0.0.0/8 trust")
    assert server.psql("select count(*) from pg_hba_file_rules where error !~ 'SSL is disabled'") == "0"
    daemon = watch([backend("one", server)], setup={"enabled": False})
    page = daemon.wait_up("one")
    assert page.state("pgstatsmon_backend_setup", backend="one") == "done"
