"""A session that has grown old is replaced between two polls, and the server gets its memory back."""

import re

import pytest
from harness.daemon import backend, polls
from harness.waiting import wait_until

PIDS = "select pid from pg_stat_activity where usename = 'pgstatsmon' order by backend_start desc"
TABLES = 10_000  # each with an index


@pytest.fixture
def server(cluster):
    server = cluster()
    server.configure(log_connections="on", log_disconnections="on")
    server.start()
    server.role()
    return server


def sessions(server):
    """The server's processes for us, the newest first."""
    return [int(pid) for pid in server.psql(PIDS).split()]


def memory(pid):
    """Of a process, in MiB: what it shares with others counts by its share. 0 when it has ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"^Pss: +(\d+) kB", file.read(), re.M)[1]) / 1024
    except OSError:
        return 0  # it has ended


def test_there_is_no_gap(server, watch):
    daemon = watch([backend("one", server)], interval=2000, connections={"max_age": "2s"})
    first = daemon.wait_up("one")

    def renewed(page):
        assert page.value("pg_up", backend="one") == 1
        assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0
        assert page.value("pgstatsmon_polls_skipped_total", backend="one") == 0
        return page.value("pgstatsmon_backend_connects_total", backend="one") >= 4

    page = daemon.wait_for(renewed, what="it is renewed three times")
    assert polls(page, "one") >= polls(first, "one") + 2
    # A poll for every tick that is over.
    ticks = "pgstatsmon_tick_duration_seconds_count"
    assert polls(page, "one") - polls(first, "one") >= page.value(ticks) - first.value(ticks)
    daemon.stop()

    pattern = r"\[(\d+)\] pgstatsmon@postgres LOG:  (connection authorized|disconnection)"
    events = re.findall(pattern, server.log())
    begins = [pid for pid, event in events if event == "connection authorized"]
    assert len(set(begins)) == len(begins) >= 4
    # The next one is there before the last one goes.
    for old, new in zip(begins, begins[1:]):
        assert events.index((new, "connection authorized")) < events.index((old, "disconnection"))


def test_the_server_gets_memory_back(server, watch):
    server.psql("".join(f"create table t{i} (id int primary key);" for i in range(TABLES)))
    daemon = watch([backend("one", server)], interval=1000, connections={"max_age": "25s"})
    seen = []

    def knows_tables():
        seen[:] = [memory(pid) for pid in sessions(server)[:1]]
        return seen and seen[0] > 40

    wait_until(knows_tables, what="a session knows all tables")
    # What it keeps of a table does not go with the table.
    server.psql("".join(f"drop table t{i};" for i in range(TABLES)))
    old = sessions(server)
    wait_until(lambda: not set(old) & set(sessions(server)), what="it is renewed")
    daemon.wait_polls("one", 2)
    after = memory(sessions(server)[0])
    print(f"{seen[0]:.0f} MiB, renewed {after:.0f} MiB")
    assert after < seen[0] / 2
