"""A backend that was never there: its own metrics exist from the first second, at zero."""

from harness.catalogue import QUERIES
from harness.daemon import backend
from harness.network import address, free_port
from harness.proxy import Proxy

REASONS = {"auth", "refused", "timeout", "too_many_connections", "starting_up", "tls", "dns"}
REASONS |= {"network", "query", "other"}
STATES = {"connecting", "setup", "ready", "polling", "backoff"}
SETUP = {"unknown", "done", "pending", "failed", "standby", "disabled"}


def test_everything_exists_at_once(watch):
    with Proxy(frozen=True) as hole:  # not even an attempt has ended yet
        page = watch([backend("dead", hole)]).scrape()
        assert page.value("pg_up", backend="dead") == 0
        assert page.value("pgstatsmon_backend_last_success_timestamp_seconds", backend="dead") == 0
        for name in ("pg_query_count", "pg_connect_error", "pgstatsmon_polls_skipped_total"):
            assert page.value(name, backend="dead") == 0, name
        for name in ("pg_query_error", "pg_query_timeout"):
            found = page.find(name, backend="dead")
            assert {(l["query"], v) for l, v in found} == {(q, 0) for q in QUERIES}, name
        found = page.find("pg_NaN_error", backend="dead", query="pg_recovery")
        assert {l["name"]: v for l, v in found} == {
            f"pg_recovery_wal_{word}_bytes": 0
            for word in ("inserted", "replayed", "received", "flushed")
        }
        for query in QUERIES:
            histogram = f"{query}_querytime_ms"
            assert page.types[histogram] == "histogram"
            assert page.value(f"{histogram}_count", backend="dead") == 0
            assert page.value(f"{histogram}_sum", backend="dead") == 0
            assert page.value(f"{histogram}_bucket", backend="dead", le="+Inf") == 0
        found = page.find("pgstatsmon_backend_failures_total", backend="dead")
        assert {l["reason"]: v for l, v in found} == dict.fromkeys(REASONS, 0)
        found = page.find("pgstatsmon_backend_state", backend="dead")
        assert {l["state"] for l, _ in found} == STATES
        assert page.state("pgstatsmon_backend_state", backend="dead") == "connecting"
        assert {l["state"] for l, _ in page.find("pgstatsmon_backend_setup")} == SETUP
        assert page.state("pgstatsmon_backend_setup", backend="dead") == "unknown"
        assert page.value("pgstatsmon_poll_duration_seconds_count", backend="dead") == 0


def test_refused(watch):
    class Nothing:
        host, port = address(), free_port()

    daemon = watch([backend("dead", Nothing)])
    page = daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="dead", reason="refused"),
        what="counted as refused",
    )
    assert page.value("pg_up", backend="dead") == 0
    # A poll that finds no connection counts as the original counted it.
    daemon.wait_for(lambda p: p.value("pg_connect_error", backend="dead") >= 2)


def test_process_metrics(watch):
    page = watch([]).scrape()
    assert page.value("pgstatsmon_backends") == 0
    assert page.value("pgstatsmon_in_flight") == 0
    assert page.find("pgstatsmon_build_info")[0][1] == 1
    assert page.types["pgstatsmon_tick_duration_seconds"] == "histogram"
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        assert page.value(f"process_{name}") > 0, name
    assert page.types["process_cpu_seconds_total"] == "counter"
