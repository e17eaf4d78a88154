"""The bpftrace scripts: the tables that they show of a running daemon."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from harness import process
from harness.daemon import BINARY, backend
from harness.network import address, free_port
from harness.waiting import wait_until

CONFIG = Path(__file__).resolve().parents[2] / "config"
NAME = "1.moray.east.0123456789abcdef"

QUERY = """
name: pg_{name}
help: A query.
labels: []
metrics:
  - {{column: one, type: gauge, help: One.}}
  - {{column: two, type: gauge, help: Two.}}
versions:
  - sql: {sql}
"""
QUERIES = {
    "good": "select 1 as one, 2 as two",
    "failing": "select 1 / (select 0) as one",
    "slow": "select pg_sleep(30) as one",
    "bad": "select 'oops' as one, 'NaN'::float8 as two",
}


@pytest.fixture(scope="module", autouse=True)
def able():
    """Not every kernel and container lets root use BPF."""
    if os.geteuid() != 0 or not shutil.which("bpftrace"):
        pytest.skip("takes root and bpftrace")
    probe = f"usdt:{Path(BINARY).resolve()}:pgstatsmon:tick__start {{ }} BEGIN {{ exit(); }}"
    done = subprocess.run(["bpftrace", "-e", probe], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        pytest.skip(f"bpftrace can not attach here: {done.stderr.strip()}")


@pytest.fixture(scope="module")
def server(cluster):
    server = cluster().start()
    server.role()
    cluster.standby_of(server).start()
    return server


@pytest.fixture
def daemon(server, watch, directory):
    """A daemon with a poll that shows everything that the tables count, and a dead backend."""
    queries = directory / "shown"
    queries.mkdir()
    for name, sql in QUERIES.items():
        (queries / f"{name}.yaml").write_text(QUERY.format(name=name, sql=sql))
    shutil.copy(CONFIG / "queries/40_pg_stat_replication.yaml", queries)
    dead = {"name": "dead", "ip": address(), "port": free_port()}
    yield watch(
        [backend(NAME, server), dead],
        queries=str(queries),
        interval=1000,
        connections={"query_timeout": 200},
    )
    shutil.rmtree(queries)


@pytest.fixture
def run(daemon, directory):
    """Runs a script; gives a function that returns its lines so far, split at blanks."""
    started = []

    def start(name):
        script = (CONFIG / f"bpftrace/{name}.bt").read_text()
        (directory / name).write_text(
            script.replace("/usr/bin/pgstatsmon", str(Path(BINARY).resolve()))
        )
        output = directory / f"{name}.out"
        with output.open("wb") as to:
            command = ["bpftrace", "-p", str(daemon.process.pid), directory / name]
            started.append(process.spawn(command, stdout=to, stderr=to))

        def lines():
            assert started[-1].poll() is None, output.read_text()
            return [line.split() for line in output.read_text().splitlines()]

        return lines

    yield start
    for one in started:
        process.stop(one, (signal.SIGINT, signal.SIGKILL))


def wait_for(lines, header, *rows):
    """Waits for rows, of which None may be anything."""

    def seen(row):
        return any(
            len(line) == len(row) and all(b in (None, a) for a, b in zip(line, row, strict=True))
            for line in lines()
        )

    for row in [header.split(), *(row.split() for row in rows)]:
        row = [None if x == "?" else x for x in row]
        wait_until(lambda row=row: seen(row), 30, lambda row=row: f"{row} in {lines()}", 0.1)


def test_backendstat(run):
    wait_for(
        run("backendstat"),
        "BACKEND LAT QTIM QERR CERR NaN",
        f"{NAME} ? 1 1 0 2",
        "dead - 0 0 1 0",
    )


def test_querystat(run):
    lines = run("querystat")
    wait_for(
        lines,
        "QUERY LAT QTIM QERR NaN",
        "pg_good ? 0 0 0",
        "pg_failing 0.000 0 1 0",
        "pg_slow 0.000 1 0 0",
        "pg_bad ? 0 0 2",
    )
    assert all(float(line[1]) < 200 for line in lines() if line[:1] == ["pg_good"])


def test_walstat(run, server):
    lines = run("walstat")
    wait_for(lines, "SHARD ZONE REPL SENT WRITTEN FLUSHED REPLAYED", "1 89abcdef async ? ? ? ?")
    server.psql("create table filler as select generate_series(1, 100000)")
    moved = wait_until(
        lambda: [row for row in lines() if len(row) == 7 and row[3].isdigit() and row[3] != "0"], 30
    )
    assert moved[0][:3] == ["1", "89abcdef", "async"]
    server.psql("drop table filler")

    def sums():
        rows = [line for line in lines() if len(line) == 7 and line[3].isdigit()]
        return [sum(int(row[i]) for row in rows) for i in range(3, 7)]

    # In the end the standby has everything that it was sent, which is the table at least.
    wait_until(lambda: len(set(sums())) == 1 and sums()[0] > 100_000 * 28, 30, sums)
