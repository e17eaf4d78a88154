"""A poll is one round trip: what distance costs."""

from harness.daemon import backend, polls
from harness.proxy import Proxy

ONE_WAY = 0.05


def spent(page, name):
    return page.value("pgstatsmon_poll_duration_seconds_sum", backend=name), polls(page, name)


def mean(first, last, name):
    (sum1, count1), (sum2, count2) = spent(first, name), spent(last, name)
    return (sum2 - sum1) / (count2 - count1)


def test_one_round_trip(primary, watch):
    for i in range(20):
        primary.psql(f"create table t{i} (id int primary key)")
    with Proxy(primary, latency=ONE_WAY) as proxy:
        daemon = watch([backend("near", primary), backend("far", proxy)], interval=500)
        daemon.wait_up("near", "far")
        first = daemon.wait_polls("far", 2)  # not the first one, which prepares
        bursts = proxy.bursts
        last = daemon.wait_polls("far", 10)
        bursts = proxy.bursts - bursts
        count = polls(last, "far") - polls(first, "far")
        near, far = mean(first, last, "near"), mean(first, last, "far")
        daemon.stop()
    print(f"near {near * 1000:.1f} ms, far {far * 1000:.1f} ms, bursts {bursts} in {count} polls")
    assert far <= 1.5 * 2 * ONE_WAY + near
    assert far >= 2 * ONE_WAY
    # The client speaks once a poll; a poll may be under way at either end.
    assert count - 1 <= bursts <= count + 1
    assert proxy.connections == 1
