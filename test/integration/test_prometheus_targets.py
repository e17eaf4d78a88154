"""A real Prometheus finds a hundred backends by the README's snippet, and scrapes each by itself."""

import json
import signal

import pytest
from harness.network import address
from harness.page import Page
from harness.prometheus import Prometheus, sd_snippet
from harness.waiting import wait_until

ODD = ["with a blank", "100%", "größe €", "a/b", "a+b?c=d&e#f", "../x"]
NAMES = [f"db{number:03}" for number in range(100 - len(ODD))] + ODD
NEWCOMER = "newcomer"
SCRAPED = '__name__!~".*:.*|ALERTS.*"'  # and not made by the rules
JOB = 'job="pgstatsmon"'


@pytest.fixture(scope="module")
def primary(cluster):
    """One server with two databases, at addresses enough."""
    server = cluster(listen=[address(i) for i in range(1, len(NAMES) // 2 + 2)])
    server.configure(max_connections=len(NAMES) + 20)
    server.start()
    server.role()
    server.psql("create database app")
    return server


def entries(primary, names):
    """A backend for each name, always the same."""
    places = [(host, database) for host in primary.listen for database in ("postgres", "app")]
    return [{"name": name, "ip": host, "port": primary.port, "database": database}
            for name, (host, database) in zip([*NAMES, NEWCOMER], places) if name in names]


@pytest.fixture
def daemon(primary, watch):
    daemon = watch(entries(primary, NAMES), interval=6000, collect={"sets": ["original"]})
    daemon.wait_up(*NAMES)
    return daemon


@pytest.fixture
def prometheus(directory, daemon):
    with Prometheus(directory, daemon, interval="6s", scrape=sd_snippet()) as server:
        yield server


def found(server):
    """The active targets of the backends, by name."""
    active = (server.ask("targets", state="active") or {}).get("activeTargets", [])
    named = [(x["labels"]["instance"], x) for x in active if x["labels"]["job"] == "pgstatsmon"]
    assert len(named) == len(dict(named)), "a backend is two targets"
    return dict(named)


def all_up(server, names):
    """Whether these and no others are targets, each scraped without a fault."""
    now = found(server)
    faults = {x["lastError"] for name, x in now.items() if name in names} - {""}
    assert not faults, faults
    return now.keys() == set(names) and all(x["health"] == "up" for x in now.values())


def values(server, expression):
    """Values by instance."""
    pairs = [(x["metric"]["instance"], float(x["value"][1])) for x in server.query(expression)]
    assert len(pairs) == len(dict(pairs)), expression
    return dict(pairs)


def scraped(server, names, times):
    """Waits until each of these was scraped that often."""
    def enough():
        counts = values(server, f"count_over_time(up{{{JOB}}}[10m])")
        return all(counts.get(name, 0) >= times for name in names)

    wait_until(enough, what=f"{times} scrapes of each", every=0.5)


def nothing_lost_or_doubled(server, names, polled):
    """`polled`: those of the names that had data before the first scrape."""
    never_down = values(server, f"min_over_time(up{{{JOB}}}[10m]) == 1")
    assert names <= never_down.keys()
    # Every scrape of a target brought a sample of its series.
    data = "pg_stat_bgwriter_buffers_alloc"
    for series, those in (("pg_up", names), (data, polled)):
        one_each = values(server, f"count_over_time({series}[10m])"
                          f" == on (instance) count_over_time(up{{{JOB}}}[10m])")
        assert those <= one_each.keys(), series
    # Every series of a backend came from its own target.
    pairs = server.query(f'count by (instance, backend, job) ({{backend!="",{SCRAPED}}})')
    assert {(x["metric"]["instance"], x["metric"]["backend"], x["metric"]["job"]) for x in pairs} \
        == {(name, name, "pgstatsmon") for name in names}
    own = server.own_metrics()
    for fault in ("duplicate_timestamp", "out_of_order", "out_of_bounds"):
        assert own.value(f"prometheus_target_scrapes_sample_{fault}_total") == 0, fault


def follow(daemon, names, primary):
    """Lets the daemon watch these."""
    daemon.config["static"]["dbs"] = entries(primary, names)
    daemon.file.write_text(json.dumps(daemon.config))
    daemon.process.send_signal(signal.SIGHUP)


def test_a_hundred_targets(primary, daemon, prometheus):
    wait_until(lambda: all_up(prometheus, NAMES), what="each is up", every=0.2)
    scraped(prometheus, NAMES, 3)
    nothing_lost_or_doubled(prometheus, set(NAMES), set(NAMES))
    # Each brought all that its page has, and together that is all there is.
    samples = values(prometheus, f"scrape_samples_scraped{{{JOB}}}")
    whole = daemon.scrape()
    for name in NAMES:
        assert samples[name] == sum(x[1].get("backend") == name for x in whole.samples), name
    itself = Page(daemon.get("/metrics/daemon").body.decode())
    assert sum(samples.values()) + len(itself.samples) == len(whole.samples)
    assert prometheus.query('pgstatsmon_build_info{job="pgstatsmon-itself"}')

    # One goes, one comes.
    names = [*NAMES[1:], NEWCOMER]
    before = values(prometheus, f"count_over_time(up{{{JOB}}}[10m])")
    follow(daemon, names, primary)
    daemon.wait_up(NEWCOMER)
    wait_until(lambda: all_up(prometheus, names), what="the newcomer is up alone", every=0.2)
    left = f'{{instance="{NAMES[0]}",{SCRAPED}}}'
    wait_until(lambda: not prometheus.query(left), what=lambda: f"{prometheus.query(left)} end")
    scraped(prometheus, [NEWCOMER], 3)
    nothing_lost_or_doubled(prometheus, set(names), set(NAMES[1:]))
    after = values(prometheus, f"count_over_time(up{{{JOB}}}[10m])")
    assert all(after[name] > before[name] for name in NAMES[1:])
