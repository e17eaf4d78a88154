"""The incidents of a night on call: which alert comes, for whom, for how long, and what the console
and the API say by then. Two clusters are watched, one of them is well all night; a minute of the
shipped rules is a second. The last incident leaves its traces."""

import json

import pytest
from harness.alerts import Incident, matches
from harness.console import data, row
from harness.night import SLOTS, Night
from harness.prometheus import RULES, Prometheus
from harness.quick_rules import ROLE_WINDOW, longest_window, quick_rules
from harness.waiting import wait_until

FREE = SLOTS - 3 - 2  # some are for superusers, and two are ours
# A server that comes back is seen by each of its backends within the five seconds that a backoff
# takes at most, and these are not quickened: five "minutes". Until the last of them has seen it, it
# is that one that is down.
SLOWER = ("PostgresBackendDown", {"backend": "orders-1/crm"})


@pytest.fixture(scope="module")
def night(directory, cluster):
    night = Night(directory, cluster)
    night.daemon.start().wait_ready()
    try:
        night.daemon.wait_up("orders-1", "orders-1/crm", "orders-2", "orders-2/crm", "billing-1")
        night.rules = quick_rules(directory / "rules")
        with Prometheus(directory, night.daemon, files=night.rules, every="500ms") as night.prometheus:
            wait_until(lambda: night.prometheus.query("pgstatsmon_standby_attached == 1"),
                       what="all is well")
            yield night
        night.daemon.stop()
    finally:
        night.daemon.kill()
        for server in reversed(night.servers()):
            server.remove()


@pytest.fixture
def incident(night):
    return Incident(night.prometheus)


# -- before: all is well ---------------------------------------------------------------------------


def test_a_server_with_two_backends_counts_once(night):
    """In the fleet's dashboard, in what counts for whole servers."""
    file = RULES.parent / "dashboards" / "pgstatsmon-fleet.json"
    panels = {x["title"]: x["targets"][0]["expr"] for x in json.loads(file.read_text())["panels"]
              if x.get("targets")}
    variables = {"$label": "job", "$datacenter": ".*", "$backend": ".*", "$__rate_interval": "10s"}
    for title in ("Transactions", "Active connections", "Oldest database", "Replay lag"):
        expression = panels[title]
        for name, value in variables.items():
            expression = expression.replace(name, value)

        def shown():
            return [x["metric"]["backend"] for x in night.prometheus.query(expression)]

        wait_until(lambda: "orders-1" in shown(), every=0.1, what=lambda: f"{title}: {shown()}")
        assert not {"orders-1/crm", "orders-2/crm"} & set(shown()), title


# -- 1: replication is broken ----------------------------------------------------------------------


def test_replication_is_broken(night, incident):
    standby = night.standby

    def connects_as(user):
        source = f"host={night.primary.host} port={night.primary.port} user={user}"
        standby.psql(f"alter system set primary_conninfo = '{source} application_name=orders-2'")
        standby.reload()

    connects_as("nobody")
    refused = "select count(*) from pg_stat_replication"
    wait_until(lambda: night.primary.psql(refused) == "0", what="it is refused")
    night.primary.psql("insert into orders values (2)", "shop")

    night.two_intervals("orders-2")
    night.member_comes("orders-2", state="detached", attached=False, upstream="orders-1")
    night.about_comes("orders-2", up=True, attached=False, upstream="orders-1",
                      cluster_state="detached")
    wait_until(lambda: night.top()["orders-2"]["lag"], what="it is behind")
    night.top_calls("orders-2", "detached")

    whom = {"backend": "orders-2", "standby": "orders-2", "cluster": night.system}
    said = incident.fires("PostgresStandbyLost", **whom, upstream="orders-1")
    assert "orders-2 from orders-1" in said["summary"] and night.system in said["description"]
    # It is what happens now that counts, and nothing that was.
    incident.goes_on(1 + longest_window(night.rules, "PostgresStandbyLost"))
    incident.nothing_else(
        # The same by the standby's own word, for who does not watch its primary.
        ("PostgresStandbyNotStreaming", {"backend": "orders-2"}),
        # And what follows from it.
        ("PostgresStandbyBehind", whom),
    )

    night.order("pause", "orders-2", "orders-2/crm")
    incident.ends()
    wait_until(lambda: not incident.firing(), what=lambda: f"silence, not {incident.firing()}")
    night.order("resume", "orders-2", "orders-2/crm")
    incident.fires("PostgresStandbyLost", **whom)

    connects_as("postgres")
    incident.ends()
    night.two_intervals("orders-2")
    night.member_comes("orders-2", state="attached")


# -- 2: a transaction holds a lock -----------------------------------------------------------------


def test_a_transaction_holds_a_lock(night, incident):
    holder, first, second = (night.primary.session("shop", "app") for _ in range(3))
    pid = int(holder.run("select pg_backend_pid()"))
    night.primary.psql("alter table orders owner to app", "shop")
    holder.run("begin; lock orders in access exclusive mode")
    for session in (first, second):
        session.send("select count(*) from orders")
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    wait_until(lambda: night.primary.psql(waiting) == "2", what="both wait")

    night.two_intervals("orders-1")
    seen = night.comes(lambda: night.top()["orders-1"], sessions_waiting=2,
                       sessions_idle_in_transaction=1)
    assert seen["oldest_transaction"] > 0
    assert next(iter(night.top())) in ("orders-1", "orders-1/crm")  # the worst stand first
    for locks in (data(night.daemon, "locks", "orders-1"), night.api("backends", "orders-1", "locks")):
        held = row(locks["locks"], pid=pid)
        assert (held["behind"], held["state"]) == (2, "idle in transaction")
        assert (held["database"], held["role"]) == ("shop", "app")
        assert row(locks["holders"], what="longest transaction")["who"] == str(pid)
        assert [x["lock"] for x in locks["locks"] if x["blockers"] == [pid]] \
            == ["public.orders AccessShareLock"] * 2
    signs = data(night.daemon, "backend", "orders-1")["vital_signs"]
    assert row(signs, sign="sessions_waiting")["now"] == 2

    said = incident.fires("PostgresSessionsBlocked", backend="orders-1")
    assert "console locks orders-1" in said["description"]
    said = incident.fires("PostgresIdleInTransaction", backend="orders-1", datname="shop")
    assert "shop of orders-1" in said["summary"]
    incident.goes_on(2)
    incident.nothing_else()

    holder.run("rollback")
    for session in (first, second):
        session.finish()
    incident.ends()
    night.two_intervals("orders-1")
    night.comes(lambda: night.top()["orders-1"], sessions_waiting=0)
    for session in (holder, first, second):
        session.close()


# -- 3: nobody uses a slot -------------------------------------------------------------------------


def test_a_forgotten_slot_keeps_wal(night, incident):
    night.primary.psql("select pg_create_physical_replication_slot('forgotten', true)")
    night.primary.psql(
        "select pg_logical_emit_message(true, '', repeat('x', 1000000)) from generate_series(1, 20)"
    )

    night.two_intervals("orders-1")
    wait_until(lambda: any(x["what"] == "slot" for x in night.about("orders-1")["holders"]),
               what="the slot is seen")
    said = night.about("orders-1")
    slot = row(said["holders"], what="slot")
    assert (slot["who"], slot["state"]) == ("forgotten", "inactive") and slot["wal_bytes"] > 20e6
    assert row(said["vital_signs"], sign="slots_wal")["now"] > 20e6
    same = row(night.api("backends", "orders-1", "locks")["holders"], what="slot")
    assert same["who"] == "forgotten" and same["wal_bytes"] >= slot["wal_bytes"]

    whom = {"backend": "orders-1", "slot_name": "forgotten"}
    for alert in ("PostgresSlotUnused", "PostgresSlotKeepsWAL"):
        said = incident.fires(alert, **whom)
        assert "forgotten of orders-1" in said["summary"]
    incident.goes_on(2)
    incident.nothing_else()

    night.primary.psql("select pg_drop_replication_slot('forgotten')")
    incident.ends()


# -- 4: all connections are taken ------------------------------------------------------------------


def test_connections_are_used_up(night, incident):
    settings = "pg_settings_max_connections"  # are asked now and then
    night.daemon.wait_for(lambda page: len(page.find(settings)) == 5, what="settings")
    sessions = [night.primary.session("shop", "app") for _ in range(FREE)]
    with pytest.raises(RuntimeError, match="remaining connection slots are reserved"):
        night.primary.psql("select 1", "shop", "app")

    night.two_intervals("orders-1")
    said = night.about_comes("orders-1", up=True, failure=None)
    signs = said["vital_signs"]
    assert row(signs, sign="sessions")["now"] == SLOTS - 3
    assert row(signs, sign="max_connections")["now"] == SLOTS
    # A half minute may have begun since.
    points = night.api("backends", "orders-1", "history")["points"][-2:]
    assert SLOTS - 3 in [x["sessions"] for x in points], points

    said = incident.fires("PostgresConnectionSlotsUsed", backend="orders-1")
    assert "orders-1 takes no more connections" in said["summary"]
    incident.goes_on(2)
    # It is close to the limit before it is there.
    incident.nothing_else(("PostgresConnectionSlotsNearlyUsed", {"backend": "orders-1"}))
    page = night.daemon.scrape()
    assert all(page.value("pgstatsmon_backend_connects_total", backend=x) == 1
               for x in ("orders-1", "orders-1/crm"))

    for session in sessions:
        session.close()
    incident.ends()


# -- 5: a server is down ---------------------------------------------------------------------------


def test_a_server_is_down(night, incident):
    night.primary.stop("immediate")
    night.two_intervals("billing-1")
    said = night.about_comes("orders-1", up=False, failure="refused", cluster_state="no answer")
    night.about_comes("orders-1/crm", up=False, failure="refused")
    top = night.top()
    assert set(list(top)[:2]) == {"orders-1", "orders-1/crm"}
    night.top_calls("orders-1", "refused")
    assert all(x["up"] for name, x in top.items() if "orders-1" not in name)
    assert said["errors"][0]["reason"] == "refused"
    night.member_comes("orders-1", state="no answer")
    wait_until(lambda: night.verdict().startswith("none takes writes"), what="nobody takes writes")

    said = incident.fires("PostgresBackendDown", backend="orders-1",
                          says=["refused", f"primary of cluster {night.system}"])
    assert "orders-1" in said["summary"]
    said = incident.fires("PostgresNoWritableServer", cluster=night.system, says=["orders-2"])
    assert night.system in said["summary"]
    incident.goes_on(2)
    # It has no stream, and its primary is named beside it.
    companion = ("PostgresStandbyNotStreaming", {"backend": "orders-2"})
    incident.nothing_else(companion)

    # Who is not paused goes on, and stands for the server.
    night.order("pause", "orders-1")

    def of_the_server():
        return [x for x in incident.firing() if x["alertname"] == "PostgresBackendDown"]

    wait_until(lambda: [matches(x, SLOWER) for x in of_the_server()] == [True],
               what=lambda: f"the other one, not {of_the_server()}")
    night.order("pause", "orders-1/crm")
    wait_until(lambda: not of_the_server(), every=0.1,
               what=lambda: f"all of it is paused, not {night.prometheus.how_it_is()}")
    wait_until(lambda: "PostgresNoWritableServer" not in [x["alertname"] for x in incident.firing()],
               what="its cluster is silent")
    night.order("resume", "orders-1", "orders-1/crm")
    incident.fires("PostgresBackendDown", backend="orders-1")

    night.primary.start()
    incident.ends()
    incident.nothing_else(companion, SLOWER)
    night.daemon.wait_up("orders-1", "orders-1/crm")
    night.member_comes("orders-2", state="attached")


# -- 6: failover, and the old primary comes back ---------------------------------------------------


def test_a_failover_and_two_primaries(night, incident, directory):
    # What role a server had before must be known.
    wait_until(lambda: night.prometheus.query(f"pg_up offset {ROLE_WINDOW}s"), 2 * ROLE_WINDOW,
               "some history")
    night.primary.stop("immediate")
    incident.fires("PostgresBackendDown", backend="orders-1")
    incident.fires("PostgresNoWritableServer", cluster=night.system)
    night.standby.promote()

    night.two_intervals("orders-2")
    night.about_comes("orders-2", role="primary", cluster_state="writable")
    night.member_comes("orders-1", state="no answer")
    night.member_comes("orders-2", role="primary")
    night.top_calls("orders-2", "primary")

    said = incident.fires("PostgresRoleChanged", False, backend="orders-2", role="primary")
    assert said["summary"] == "orders-2 is now a primary"
    incident.ends("PostgresBackendDown")
    # Until it is promoted.
    perhaps = [("PostgresStandbyNotStreaming", {"backend": "orders-2"})]
    incident.nothing_else(*perhaps)

    # It comes back as if nothing had happened.
    night.primary.start()
    night.daemon.wait_up("orders-1", "orders-1/crm")
    night.two_intervals("orders-1")
    wait_until(lambda: night.verdict() == "split brain, 2 take writes", what="both take writes")
    night.member_comes("orders-1", state="diverged")
    night.member_comes("orders-2", state="writable")
    night.about_comes("orders-1", cluster_state="diverged")
    night.top_calls("orders-1", "diverged")
    night.top_calls("orders-2", "split brain")

    said = incident.fires("PostgresSplitBrain", cluster=night.system)
    assert night.system in said["summary"]
    assert "orders-1" in said["description"] and "orders-2" in said["description"]
    said = incident.fires("PostgresTimelineDiverged", backend="orders-1", cluster=night.system)
    assert "orders-1" in said["summary"] and night.system in said["description"]
    incident.ends("PostgresSplitBrain", "PostgresTimelineDiverged")
    incident.goes_on(2)
    perhaps.append(SLOWER)
    incident.nothing_else(*perhaps)

    # It is built anew, as a standby.
    port = night.primary.port
    night.primary.remove()
    night.primary = night.standby.standby(directory, "orders-1", port=port).start()
    night.daemon.wait_up("orders-1", "orders-1/crm")
    incident.ends()
    night.two_intervals("orders-1")
    night.member_comes("orders-1", role="standby", state="attached", upstream="orders-2")
    incident.nothing_else(*perhaps)
