"""Backends that come and go leave nothing in memory, and what is free goes back to the system.

PGSTATSMON_CHURN=100000 lets that many come and go; 2,000 do otherwise.
"""

import json
import os
import re
import signal

from harness.daemon import backend
from harness.hostile import Hostile
from harness.network import address, free_port
from harness.waiting import wait_until

COUNT = int(os.environ.get("PGSTATSMON_CHURN", "2000"))
AT_ONCE = 200

# Less than the smallest object of a backend, and what measuring is off by.
LEFT_OF_EACH, MARGIN = 64, 200_000

# By which what is allocated goes up and down by itself.
NOISE = 10_000


def test_nothing_is_left(watch, directory):
    file = directory / "churn.json"
    port = free_port()
    number = 0

    def replace(by=AT_ONCE):
        """Has every backend replaced by new ones, which nobody answers for."""
        nonlocal number
        number += AT_ONCE
        names = {f"b{i}" for i in range(number, number + by)}
        new = file.with_suffix(".new")
        entries = [{"name": name, "ip": address(), "port": port} for name in names]
        new.write_text(json.dumps(entries))
        new.rename(file)
        return names

    def churn(daemon, count):
        # Of those that are there, the last errors are remembered: at the end it is one.
        for by in [AT_ONCE] * (count // AT_ONCE) + [1]:
            names = replace(by)
            wait_until(lambda: known(daemon) == names, what="the new ones are known")
        return settled(daemon)

    replace()
    # A sanitizer keeps what was freed, and calls it used.
    nothing_kept = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1:quarantine_size_mb=0"
                    ":thread_local_quarantine_size_kb=0"}
    daemon = watch([], static=None, file={"path": str(file)}, log={"level": "error"},
                   environment=nothing_kept)
    before = churn(daemon, 5 * AT_ONCE)
    after = churn(daemon, COUNT)
    print(f"{before:.0f} bytes, after {COUNT} more {after:.0f}")
    assert after - before < COUNT * LEFT_OF_EACH + MARGIN, (before, after)


def test_free_memory_goes_back_to_the_system(watch):
    with Hostile("nothing") as server:
        names = [f"b{i}" for i in range(300)]
        daemon = watch([backend(name, server, database=name) for name in names], interval=60000,
                       setup={"enabled": False}, connections={"query_timeout": 60000})
        page = daemon.wait_up(*names)
        before = page.value("process_resident_memory_bytes")
        daemon.config["static"]["dbs"] = []
        daemon.file.write_text(json.dumps(daemon.config))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda page: not page.find("pg_up"), what="they are gone")
        if page.value("pgstatsmon_heap_free_bytes"):  # none is known of a sanitizer's malloc
            less = lambda page: page.value("process_resident_memory_bytes") < before - (8 << 20)
            daemon.wait_for(less, 30, "8 MiB less")
        daemon.stop()


def settled(daemon):
    """What is allocated once the timers of those that have gone, seconds at most, are over."""
    seen = []

    def no_longer_less():
        seen.append(
            float(re.search(rb"^pgstatsmon_heap_used_bytes (\S+)", daemon.get().body, re.M)[1])
        )
        return len(seen) > 8 and min(seen[-8:]) > min(seen[:-8]) - NOISE

    wait_until(no_longer_less, 40, "what is allocated has settled", every=1)
    return min(seen)


def known(daemon):
    return {x["backend"] for x in json.loads(daemon.get("/api/v1/backends").body)}
