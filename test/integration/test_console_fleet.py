"""The console of a large fleet, and of a daemon that does nothing any more."""

import json
import re
import statistics
import time

from harness.console import Session, data, path_of
from harness.daemon import BINARY, BY_ORDER, backend, polls
from harness.halting import actor_threads, halted
from harness.network import address
from harness.waiting import wait_until

# Sanitizers make everything slower, by this much at most; their bounds only find what hangs.
SLOWER = 20 if "asan" in BINARY else 1
LIST_LIMIT = 0.1 * SLOWER
INTERVAL = 0.5


def crowd(count):
    """Backends that nobody is behind: each is refused at once."""
    return [{"name": f"dead{i}", "ip": address(1), "port": 1 + i} for i in range(count)]


def timed(ask, *arguments):
    """How long it takes, and the result."""
    start = time.monotonic()
    result = ask(*arguments)
    return time.monotonic() - start, result


def live(daemon, family):
    """A value of the live backend. Parsing the whole page would take longer than the test."""
    text = daemon.get().body.decode()
    found = re.findall(rf'^{family}{{backend="live"[^}}]*}} (.*)$', text, re.M)
    return sum(float(x) for x in found)


def progress(daemon):
    """Polls of the live backend, ticks that found one not over, and all ticks."""
    text = daemon.get().body.decode()
    names = ("pgstatsmon_poll_duration_seconds_count", "pgstatsmon_polls_skipped_total")
    both = [re.search(rf'^{name}{{backend="live"[^}}]*}} (.*)$', text, re.M) for name in names]
    ticks = re.search(r"^pgstatsmon_tick_duration_seconds_count(?:{.*})? (.*)$", text, re.M)
    return [float(x.group(1)) for x in (*both, ticks)]


def test_a_thousand_actors(primary, watch):
    """Listing them is quick, and costs no backend a poll."""
    count = "pgstatsmon_poll_duration_seconds_count"
    daemon = watch([backend("live", primary), *crowd(1000)], interval=int(INTERVAL * 1000),
                   ready=False)
    wait_until(lambda: daemon.answers() and live(daemon, count) > 0, 20, "the live one is polled")
    with Session(path_of(daemon)) as session:
        kinds = [x["kind"] for x in json.loads(session.ask("actors --json")[0])]
        assert len(kinds) >= 1000
        assert kinds.count("connection") == 1001

        times = {"actors": [], "actors --tree": [], "backends": [], "top": []}
        longest_gap = 0
        before, start = progress(daemon), time.monotonic()
        while time.monotonic() < start + 6 * INTERVAL:
            for line, taken in times.items():
                seconds, (text, good) = timed(session.ask, line)
                taken.append(seconds)
                assert good
                assert line == "top" or len(text.splitlines()) >= 500
            age = json.loads(session.ask("backend live --json")[0])["age_seconds"]
            longest_gap = max(longest_gap, age)
        after = progress(daemon)
    for line, taken in times.items():
        assert statistics.median(taken) < LIST_LIMIT, (line, sorted(taken))
    done, late, ticks = (x - y for x, y in zip(after, before))
    # Every tick polled it, but those whose machine was too busy to end the poll before; one tick may
    # lie just outside, on either side.
    assert ticks >= 3
    assert done >= 1
    assert abs(ticks - done - late) <= 2, (ticks, done, late)
    assert live(daemon, "pgstatsmon_backend_failures_total") == 0
    assert longest_gap < 2 * INTERVAL * SLOWER


def test_the_list_of_the_worst_is_a_screen(primary, watch):
    daemon = watch([backend("live", primary), *crowd(40)])
    daemon.wait_up("live")
    top = wait_until(lambda: full(data(daemon, "top")), 10, "all have failed")
    assert top["known"] == 41 and top["up"] == 1
    assert len(top["backends"]) == 20
    assert all(x["backend"] != "live" for x in top["backends"])


def full(top):
    return top if all(x["failure"] == "refused" for x in top["backends"]) else None


def test_no_actor_runs(primary, watch):
    """The console and the HTTP API need none for what they show."""
    daemon = watch([backend("one", primary)], interval=BY_ORDER)
    daemon.wait_up("one")
    with Session(path_of(daemon)) as session:
        before = polls(daemon.scrape(), "one")
        with halted(actor_threads(daemon.process.pid)):
            for line in ("actors", "actors --tree", "backends", "backend one", "queries", "top",
                         "backendstat", "querystat", "walstat", "log", "help"):
                seconds, (text, good) = timed(session.ask, line)
                assert good and text, line
                assert seconds < 1 * SLOWER, (line, seconds)
            # A new session is welcome too.
            assert data(daemon, "backends")[0]["backend"] == "one"
            for path in ("/api/v1/backends", "/api/v1/backends/one", "/api/v1/actors"):
                assert daemon.get(path).status == 200
            assert polls(daemon.scrape(), "one") == before
        # It goes on as if nothing had been.
        assert session.ask("scheduler")[1]
        assert session.ask("poll one")[1]
        assert polls(daemon.scrape(), "one") > before
