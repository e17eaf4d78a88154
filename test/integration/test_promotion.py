"""A standby whose primary stops is promoted."""

from harness.daemon import backend
from harness.waiting import wait_until


def role(page, name):
    found = page.find("pgstatsmon_backend_info", backend=name)
    return found[0][0]["role"] if found else None


def setup_of(page, name):
    return page.state("pgstatsmon_backend_setup", backend=name)


def test_primary_stopped_and_standby_promoted(cluster, watch):
    primary = cluster().start()
    standby = cluster.standby_of(primary).start()
    daemon = watch([backend("one", primary), backend("two", standby)])
    page = daemon.wait_up("one", "two")
    assert (role(page, "one"), role(page, "two")) == ("primary", "standby")
    page = daemon.wait_for(lambda page: setup_of(page, "two") == "done", what="rights are replicated")
    assert page.find("pg_recovery_wal_received_bytes", backend="two")
    assert not page.find("pg_recovery_wal_flushed_bytes", backend="two")

    # The role may reach the standby later than our first attempt to connect.
    failures = page.total("pgstatsmon_backend_failures_total", backend="two")

    primary.stop()
    daemon.wait_for(lambda page: page.value("pg_up", backend="one") == 0, what="one is down")
    standby.promote()
    page = daemon.wait_for(lambda page: role(page, "two") == "primary", what="two is a primary")
    page = daemon.wait_polls("two", 2)
    assert page.value("pg_up", backend="two") == 1
    flushed = page.value("pg_recovery_wal_flushed_bytes", backend="two")
    assert 0 < flushed <= float(standby.psql("select pg_current_wal_flush_lsn() - '0/0'"))
    assert not page.find("pg_recovery_wal_received_bytes", backend="two")
    assert page.total("pgstatsmon_backend_failures_total", backend="two") == failures


def test_promotion_triggers_setup(cluster, watch):
    primary = cluster("virgin").start()
    primary.role(monitor=False)
    standby = cluster.standby_of(primary, "virgin_standby").start()
    daemon = watch([backend("two", standby)])
    daemon.wait_up("two")
    page = daemon.wait_polls("two", 1)
    assert setup_of(page, "two") == "standby"

    primary.stop()
    standby.promote()
    daemon.wait_for(lambda page: setup_of(page, "two") == "done", what="setup after the promotion")
    member = "select pg_has_role('pgstatsmon', 'pg_monitor', 'member')"
    wait_until(lambda: standby.psql(member) == "t", 5, "pg_monitor is granted")
