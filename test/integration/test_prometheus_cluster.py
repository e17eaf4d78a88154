"""A real Prometheus that follows a member's list while daemons come, end, die, and etcd is restarted."""

import time

import pytest
from harness.etcd import Etcd
from harness.prometheus import Prometheus, sd_snippet
from harness.sharing import BACKENDS, NAMES, TTL, Fleet, fleet_servers, took
from harness.waiting import wait_until

INTERVAL = 2  # s, of polls and of scrapes
WINDOW = 60  # s, of rate()
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
        def ask(expression):
            found = server.ask("query_range", query=expression, start=begin, end=end, step=1)["result"]
            return {x["metric"].get("instance", ""): {int(float(t)): float(v) for t, v in x["values"]}
                    for x in found}

        self.rates = ask(f"sum by (instance) (rate(pg_test_ticks_total[{WINDOW}s]))")
        self.ages = ask("max by (instance) (time() - timestamp(pg_test_ticks_total))")
        self.doubled = ask("count by (instance) (pg_test_ticks_total) > 1")
        self.begin, self.end = int(begin), int(end)

    def fresh(self, name):
        """The seconds in which the newest scrape brought it."""
        return {t for t, age in self.ages.get(name, {}).items() if age < 2 * INTERVAL}

    def gaps(self):
        """The longest time without it, of any."""
        longest = 0
        for name in NAMES:
            times = [self.begin, *sorted(self.fresh(name)), self.end]
            longest = max(longest, *(b - a for a, b in zip(times, times[1:])))
        return longest

    def worst(self):
        """How far a rate is from the true one, as a share, and whose, while it is scraped."""
        return max((abs(self.rates[name][t] / RATE - 1), name, t - self.begin)
                   for name in NAMES for t in self.fresh(name) if t in self.rates.get(name, {}))


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
    with Prometheus(directory, fleet.daemons["a"], interval=f"{INTERVAL}s", scrape=sd_snippet()) as server:
        wait_until(lambda: len(server.query("pg_test_ticks_total")) == BACKENDS, 90, "all are scraped",
                   every=0.5)
        wait_seconds(WINDOW)
        events, worst, gaps = [], {}, {}

        def event(what, change, names, silence):
            """`silence`: for how long a series may have no sample."""
            events.append(what)
            begin, since = time.time(), time.monotonic()
            change()
            settled(*names)
            print(f"{what}: settled after {took(since)} s")
            wait_seconds(15)
            seen = Series(server, begin, time.time())
            worst[what], gaps[what] = seen.worst(), seen.gaps()
            print(f"{what}: {worst[what]}, longest gap {gaps[what]} s")
            assert not seen.doubled, (what, seen.doubled)
            assert worst[what][0] < 0.1, (what, worst[what])
            assert gaps[what] <= silence, (what, gaps[what])

        # A scrape may come late, and its neighbour early: on a busy machine by some seconds.
        late = 3 * INTERVAL + 4
        event("join", lambda: start("c"), "abc", late)
        event("planned move", lambda: fleet.daemons.pop("c").stop(), "ab", late)
        event("join again", lambda: start("c"), "abc", late)
        event("kill -9", lambda: fleet.kill("b"), "ac", TTL + late)
        event("etcd restarted", lambda: (fleet.keeper.stop(), fleet.keeper.start()), "ac", late)
        own = server.own_metrics()
        assert own.value("prometheus_target_scrapes_sample_duplicate_timestamp_total") == 0
