"""A real Prometheus that follows a member's list while daemons come, end, die, and etcd is restarted."""

import time

import pytest
from harness.etcd import Etcd
from harness.prometheus import Prometheus, sd_snippet
from harness.sharing import BACKENDS, NAMES, TTL, Fleet, fleet_servers, took
from harness.waiting import wait_until

INTERVAL = 2  # s, of polls and of scrapes
WINDOW = 60  # s, of rate()
REFRESH = 10  # s, of the list of targets, as the README has it
APPLIED = 5  # s, that Prometheus may take to apply a list
# A scrape may come late, and its neighbour early: on a busy machine by some seconds.
LATE = 3 * INTERVAL + 4
SMOOTH = 2 * INTERVAL + 1  # s, between two samples
RATE = 100  # of the counter, per second, on every server
TICKS = """name: pg_test_ticks
help: A counter that is known to grow by a hundred a second.
metrics:
  - column: ticks
    type: counter
    family: pg_test_ticks_total
    help: Hundredths of a second.
versions:
  - sql: SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 100 AS ticks
"""


@pytest.fixture
def fleet(cluster, directory):
    etcd = Etcd(directory).start()
    result = Fleet(directory, fleet_servers(cluster), etcd, lambda place: {
        "etcd": {"endpoints": [place.url]}})
    yield result
    result.close()
    etcd.remove()


class Series:
    """What Prometheus has of the counter, second for second."""

    def __init__(self, server, begin, end):
        def ask(expression, since=begin):
            found = server.ask("query_range", query=expression, start=int(since), end=int(end),
                               step=1)["result"]
            return {x["metric"].get("instance", ""): {int(t): float(v) for t, v in x["values"]}
                    for x in found}

        self.begin, self.end = int(begin), int(end)
        self.rates = ask(f"sum by (instance) (rate(pg_test_ticks_total[{WINDOW}s]))")
        self.doubled = ask("count by (instance) (pg_test_ticks_total) > 1")
        ages = ask("max by (instance) (time() - timestamp(pg_test_ticks_total))", begin - WINDOW)
        self.fresh = {name: sorted(t for t, age in ages.get(name, {}).items() if age < 2 * INTERVAL)
                      for name in NAMES}

    def gap(self, name, since, until):
        """The longest time without a new sample."""
        times = [since, *(t for t in self.fresh[name] if since <= t <= until), until]
        return max(b - a for a, b in zip(times, times[1:]))

    def gaps(self):
        return max(self.gap(name, self.begin, self.end) for name in NAMES)

    def rate_errors(self):
        """How far rates are from the true one, as shares, and whose, at each second whose minute has
        no gap: rate() is too small while its window begins or ends in one."""
        return [(abs(self.rates[name][t] / RATE - 1), name, t - self.begin)
                for name in NAMES for t in self.rates.get(name, {})
                if self.gap(name, t - WINDOW, t) <= SMOOTH]


def wait_seconds(seconds):
    """For series to grow."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, seconds + 60, every=0.2)


def test_no_series_breaks_or_is_doubled(fleet, directory):
    queries = directory / "ticks"
    queries.mkdir()
    (queries / "pg_test_ticks.yaml").write_text(TICKS)
    options = {"interval": INTERVAL * 1000, "queries": {"add": str(queries)},
               "collect": {"sets": ["original"], "on": ["pg_test_ticks"]}}

    def start(name):
        fleet.start(name, **options)

    def settled(*names):
        wait_until(lambda: fleet.settled(*names), 90, lambda: f"{names}: {fleet.owned()}", every=0.5)

    start("a")
    start("b")
    settled("a", "b")
    with Prometheus(directory, fleet.daemons["a"], interval=f"{INTERVAL}s",
                    scrape=sd_snippet(f"{REFRESH}s")) as server:
        wait_until(lambda: len(server.query("pg_test_ticks_total")) == BACKENDS, 90, "all are scraped",
                   every=0.5)

        def event(what, change, names, silence):
            """`silence`: for how long a series may have no sample."""
            begin, since = time.time(), time.monotonic()
            change()
            settled(*names)
            print(f"{what}: settled after {took(since)} s")
            # In which Prometheus reads and applies the list.
            wait_seconds(REFRESH + APPLIED + LATE)
            seen = Series(server, begin, time.time())
            errors, gaps = seen.rate_errors(), seen.gaps()
            print(f"{what}: {len(errors)} rates, worst {max(errors, default=None)}, longest gap {gaps} s")
            assert not seen.doubled, (what, seen.doubled)
            assert gaps <= silence, (what, gaps)
            assert max(errors, default=(0,))[0] < 0.1, (what, max(errors))
            return len(errors)

        wait_seconds(WINDOW)
        assert event("join", lambda: start("c"), "abc", LATE) >= BACKENDS * 10
        # Of a daemon that has ended nobody has values until the list was read again.
        unread = REFRESH + APPLIED + LATE
        event("it ends", lambda: fleet.daemons.pop("c").stop(), "ab", unread)
        wait_seconds(WINDOW)
        assert event("it joins again", lambda: start("c"), "abc", LATE) >= BACKENDS * 10
        event("kill -9", lambda: fleet.kill("b"), "ac", TTL + unread)
        wait_seconds(WINDOW)
        assert event("etcd restarted", lambda: (fleet.keeper.stop(), fleet.keeper.start()), "ac",
                     LATE) >= BACKENDS * 10
        own = server.own_metrics()
        assert own.value("prometheus_target_scrapes_sample_duplicate_timestamp_total") == 0
