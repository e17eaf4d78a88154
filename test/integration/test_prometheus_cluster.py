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
# Of a daemon that has ended nobody has values until the list was read again.
UNREAD = REFRESH + APPLIED + LATE
SMOOTH = 2 * INTERVAL  # s, between two samples, and from the last one to now
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
        self.samples = {name: sorted({round(t - age, 2) for t, age in ages.get(name, {}).items()})
                        for name in NAMES}

    def gap(self, name, since, until):
        """The longest time without a sample."""
        times = [since, *(t for t in self.samples[name] if since <= t <= until), until]
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


class Scene:
    """Two members and a Prometheus that has all from them for a minute."""

    def __init__(self, fleet, directory):
        self.fleet = fleet
        self.queries = directory / f"{fleet.name}-ticks"
        self.queries.mkdir()
        (self.queries / "pg_test_ticks.yaml").write_text(TICKS)
        self.start("a")
        self.start("b")
        self.settled("a", "b")
        self.server = Prometheus(directory, fleet.daemons["a"], interval=f"{INTERVAL}s",
                                 scrape=sd_snippet(f"{REFRESH}s"))

    def __enter__(self):
        self.server.__enter__()
        wait_until(lambda: len(self.server.query("pg_test_ticks_total")) == BACKENDS, 90,
                   "all are scraped", every=0.5)
        wait_seconds(WINDOW)
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)

    def start(self, name):
        self.fleet.start(name, interval=INTERVAL * 1000, queries={"add": str(self.queries)},
                         collect={"sets": ["original"], "on": ["pg_test_ticks"]})

    def settled(self, *names):
        wait_until(lambda: self.fleet.settled(*names), 90, lambda: f"{names}: {self.fleet.owned()}",
                   every=0.5)

    def event(self, what, change, names, silence):
        """Something happens, and these share all. `silence`: for how long a series may have no sample.
        Returns how many rates were right."""
        begin, since = time.time(), time.monotonic()
        change()
        self.settled(*names)
        print(f"{what}: settled after {took(since)} s")
        # In which Prometheus reads and applies the list.
        wait_seconds(UNREAD)
        seen = Series(self.server, begin, time.time())
        errors, gaps = seen.rate_errors(), seen.gaps()
        print(f"{what}: {len(errors)} rates, worst {max(errors, default=None)}, longest gap {gaps:.1f} s")
        assert not seen.doubled, (what, seen.doubled)
        assert gaps <= silence, (what, gaps)
        assert max(errors, default=(0,))[0] < 0.1, (what, max(errors))
        doubled = "prometheus_target_scrapes_sample_duplicate_timestamp_total"
        assert self.server.own_metrics().value(doubled) == 0
        return len(errors)


def test_who_comes_and_goes_is_not_seen(fleet, directory):
    with Scene(fleet, directory) as scene:
        assert scene.event("it comes", lambda: scene.start("c"), "abc", LATE) >= BACKENDS * 10
        scene.event("it ends", lambda: fleet.daemons.pop("c").stop(), "ab", UNREAD)
        wait_seconds(WINDOW)
        assert scene.event("it comes again", lambda: scene.start("c"), "abc", LATE) >= BACKENDS * 10


def test_who_dies_is_missed_for_a_while(fleet, directory):
    with Scene(fleet, directory) as scene:
        scene.event("kill -9", lambda: fleet.kill("b"), "a", TTL + UNREAD)
        wait_seconds(WINDOW)
        scene.start("b")
        scene.settled("a", "b")
        assert scene.event("etcd is restarted", lambda: (fleet.keeper.stop(), fleet.keeper.start()), "ab",
                           LATE) >= BACKENDS * 10
