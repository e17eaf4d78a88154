"""What is on the page of a backend that was never there, and of one that has just come."""

from harness.catalogue import ORIGINAL
from harness.daemon import BY_ORDER, backend
from harness.network import address, free_port
from harness.proxy import Proxy

REASONS = {"auth", "refused", "timeout", "too_many_connections", "starting_up", "tls", "dns"}
REASONS |= {"role_limit", "no_database", "network", "ended", "descriptors", "query", "too_large", "other"}
STATES = {"connecting", "setup", "ready", "polling", "backoff", "disconnected"}
SETUP = {"unknown", "done", "pending", "failed", "standby", "disabled"}


def test_a_backend_that_never_answers_has_a_few_lines(watch):
    with Proxy(frozen=True) as hole:  # not even an attempt has ended yet
        page = watch([backend("dead", hole)]).scrape()
        found = {(name, *labels.values()): value
                 for name, labels, value in page.samples if labels.get("backend") == "dead"}
        assert found == {
            ("pg_up", "dead"): 0,
            ("pg_connect_error", "dead"): 0,
            ("pgstatsmon_backend_last_success_timestamp_seconds", "dead"): 0,
            ("pgstatsmon_backend_state", "dead", "connecting"): 1,
            ("pgstatsmon_backend_setup", "dead", "unknown"): 1,
            ("pgstatsmon_backend_info", "dead", "unknown", "unknown"): 1,
        }


def test_everything_exists_from_the_first_session_on(primary, watch):
    page = watch([backend("one", primary)], interval=BY_ORDER).wait_up("one")
    for name in ("pg_connect_error", "pgstatsmon_polls_skipped_total"):
        assert page.value(name, backend="one") == 0, name
    for name in ("pg_query_error", "pg_query_timeout"):
        found = page.find(name, backend="one")
        assert {(q, 0) for q in ORIGINAL} <= {(l["query"], v) for l, v in found}, name
        assert {v for _, v in found} == {0}, name
    found = page.find("pg_NaN_error", backend="one", query="pg_recovery")
    assert {l["name"]: v for l, v in found} == {
        f"pg_recovery_wal_{word}_bytes": 0
        for word in ("inserted", "replayed", "received", "flushed")
    }
    for query in ORIGINAL:
        assert page.types[f"{query}_querytime_ms"] == "histogram"
        assert page.value(f"{query}_querytime_ms_count", backend="one") is not None
    found = page.find("pgstatsmon_backend_failures_total", backend="one")
    assert {l["reason"]: v for l, v in found} == dict.fromkeys(REASONS, 0)
    found = page.find("pgstatsmon_backend_state", backend="one")
    assert {l["state"] for l, _ in found} == STATES
    assert {l["state"] for l, _ in page.find("pgstatsmon_backend_setup")} == SETUP


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
