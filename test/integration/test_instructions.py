"""How many instructions a poll and a page take: as many as is committed here, within 15 %.

callgrind counts them, so it is no matter what else the machine does. The baseline is that of the release
build with the compiler and the libraries of Debian 12; after a change that is meant to cost more, or that
saves much, it is what the test prints.
"""

import re
import subprocess
from pathlib import Path

import pytest
from harness.daemon import BY_ORDER, backend
from harness.page import Page
from harness.waiting import wait_until

BASELINE = {"a poll": 353_000, "a page": 2_290_000, "a series": 370}
MOST = 1.15
LEAST = 0.7
POLLS = 30
PAGES = 20
ONE_A_POLL = "FROM pg_catalog.pg_stat_bgwriter"


@pytest.fixture
def server(cluster):
    """It logs each statement, so that polls can be counted without asking the daemon."""
    server = cluster()
    server.configure(log_min_duration_statement="0")
    server.start()
    server.role()
    return server


def control(daemon, order):
    subprocess.run(["callgrind_control", order, str(daemon.process.pid)], check=True,
                   capture_output=True, timeout=120)


def counting(watch, server, directory, **more):
    """A daemon whose instructions are counted, after its first polls."""
    out = Path(directory) / "callgrind"
    daemon = watch([backend("one", server)], collect={"sets": ["original"]},
                   prefix=["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"], **more)
    daemon.wait_up("one", timeout=120)
    return daemon, out


def instructions(daemon, out):
    """Since the counts were zeroed."""
    control(daemon, "-d")
    dumps = sorted(out.parent.glob(f"{out.name}.*"), key=lambda path: int(path.suffix[1:]))
    return int(re.search(r"^(?:totals|summary): (\d+)", dumps[-1].read_text(), re.M)[1])


def check(what, count):
    print(f"{what}: {count:.0f} instructions, baseline {BASELINE[what]}")
    assert LEAST * BASELINE[what] <= count <= MOST * BASELINE[what]


def test_a_poll(watch, server, directory):
    daemon, out = counting(watch, server, directory, interval=500)

    def polls():
        # A statement is logged when it is bound, too.
        return sum("execute" in x and ONE_A_POLL in x for x in server.log().split("duration: "))

    first = polls()
    wait_until(lambda: polls() >= first + 5, 120, "it is warm")
    control(daemon, "-z")
    first = polls()
    wait_until(lambda: polls() >= first + POLLS, 120, f"{POLLS} polls")
    last = polls()
    check("a poll", instructions(daemon, out) / (last - first))


def test_a_page(watch, server, directory):
    """What each series of a page takes, and what a page takes that has none of a backend."""
    server.psql("\n".join(f"CREATE TABLE t{i} (x int);" for i in range(200)))
    daemon, out = counting(watch, server, directory, interval=BY_ORDER)

    def of(path):
        series = len(Page(daemon.get(path).body.decode()).samples)
        control(daemon, "-z")
        for _ in range(PAGES):
            daemon.get(path)
        return series, instructions(daemon, out) / PAGES

    series, whole = of("/metrics")
    others, fixed = of("/metrics/daemon")
    assert series - others > 3000
    check("a page", fixed)
    check("a series", (whole - fixed) / (series - others))
