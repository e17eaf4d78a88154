"""What a primary says of those that stream from it."""

import signal

import pytest
from harness import process
from harness.daemon import backend
from harness.postgres import BIN

FLUSHED = "pg_stat_replication_replica_wal_flushed_bytes"


@pytest.fixture
def receivers(primary, directory):
    """Starts clients that stream from the primary, all of one name and one address."""
    running = []

    def start(count):
        for _ in range(count):
            home = directory / f"receiver-{len(running)}"
            process.run(["mkdir", "-m", "777", home])
            command = [BIN / "pg_receivewal", "-D", home, "--synchronous", "-s", "1", "--no-loop"]
            source = f"host={primary.host} port={primary.port} user=postgres"
            running.append(process.spawn([*command, "-d", source], user=primary.user))
        return running[-count:]

    yield start
    for receiver in running:
        receiver.send_signal(signal.SIGCONT)
        process.stop(receiver)


def test_of_two_clients_of_one_name_and_address_the_worse_ones_lag_is_seen(
    primary, watch, receivers
):
    receivers(1)
    (paused,) = receivers(1)
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    daemon.wait_for(
        lambda page: page.value("pg_stat_replication_clients") == 2 and page.value(FLUSHED),
        what="both clients are counted",
    )
    paused.send_signal(signal.SIGSTOP)
    primary.psql("create table filler as select repeat('x', 1000) from generate_series(1, 3000)")
    sees = "select {}(flush_lsn) - '0/0' from pg_stat_replication"
    behind = 1_000_000

    def apart(_):
        return int(primary.psql(sees.format("max"))) > behind + int(primary.psql(sees.format("min")))

    daemon.wait_for(apart, what="one client is behind")
    page = daemon.wait_polls("one", 2)
    assert page.value(FLUSHED) == int(primary.psql(sees.format("min")))
    assert page.value("pg_stat_replication_clients") == 2
    assert page.total("pgstatsmon_duplicate_rows_total", query="pg_stat_replication") == 0

    before = page.value(FLUSHED)
    paused.kill()
    page = daemon.wait_for(
        lambda page: page.value("pg_stat_replication_clients") == 1, what="one client is left"
    )
    assert page.value(FLUSHED) > before + behind
