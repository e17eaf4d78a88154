"""What the polling role may not see is absent, and follows its rights while it is connected."""

from harness.daemon import backend

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
