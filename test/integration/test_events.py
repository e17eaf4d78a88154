"""Events: what happened, as JSON lines, and nothing that waits for whoever reads them."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from harness.console import Session, path_of, say
from harness.daemon import backend
from harness.waiting import wait_until


def events(path, *names):
    """Those in a file, or with these names."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return [x for x in found if not names or x["event"] in names]


def wait_for_events(path, *names, count=1, timeout=30):
    wait_until(lambda: len(events(path, *names)) >= count, timeout, lambda: f"{names} in {path}")
    return events(path, *names)


def test_a_backend_fails_and_works_again(cluster, watch, directory):
    server = cluster("events").start()
    server.role()
    path = directory / "events.json"
    daemon = watch([backend("one", server)], events={"file": str(path)}, log={"level": "fatal"})
    daemon.wait_up("one")
    system = server.psql("SELECT system_identifier FROM pg_control_system()")
    assert wait_for_events(path, "backend_connected")[0]["backend"] == "one"
    server.stop()
    failing = wait_for_events(path, "backend_failing")[0]
    assert failing["reason"] and failing["failures"] == 1 and failing["msg"].startswith("backend one: ")
    assert failing["cluster"] == system
    server.start()
    recovered = wait_for_events(path, "backend_recovered")[0]
    assert recovered["failures"] >= 1 and recovered["cluster"] == system
    assert recovered["time"] > failing["time"]
    page = daemon.wait_for(lambda page: page.value("pgstatsmon_events_total") == len(events(path)),
                           what="each is counted")
    assert page.value("pgstatsmon_events_dropped_total") == 0
    # The log has its own level.
    assert not daemon.lines("backend one")


def test_backends_that_say_the_same_are_events_of_their_own(primary, watch, directory):
    path = directory / "alike.json"
    names = [f"b{i}" for i in range(12)]
    for name in names:
        primary.psql(f"CREATE DATABASE {name}")
    daemon = watch([backend(name, primary, database=name) for name in names], events={"file": str(path)})
    daemon.wait_up(*names)
    connected = wait_for_events(path, "backend_connected", count=len(names))
    assert {x["backend"] for x in connected} == set(names)
    assert len(daemon.lines(": PostgreSQL")) < len(names)


def test_a_promotion(primary, cluster, watch, directory):
    standby = cluster.standby_of(primary).start()
    path = directory / "roles.json"
    daemon = watch([backend("a", primary), backend("b", standby)], events={"file": str(path)})
    daemon.wait_up("a", "b")
    standby.promote()
    promoted = wait_for_events(path, "backend_promoted")[0]
    assert (promoted["backend"], promoted["from"], promoted["to"]) == ("b", "standby", "primary")


def pause_often(daemon, times):
    """Two events each."""
    with Session(path_of(daemon)) as session:
        session.send("pause one 1h\nresume one\n" * times + "quit\n")
        assert session.read_all().count("paused") >= times


def test_every_event_of_a_backend_has_its_cluster(cluster, watch, directory):
    """Also of pauses, and of a database that is visited."""
    server = cluster("visited").start()
    server.role()
    server.psql("CREATE DATABASE crm")
    path = directory / "whole.json"
    daemon = watch([backend("one", server, databases={"include": ["crm"], "interval": 300})],
                   events={"file": str(path)})
    daemon.wait_up("one")
    daemon.wait_for(lambda page: page.value("pgstatsmon_database_up", backend="one", datname="crm"))
    server.psql("ALTER DATABASE crm CONNECTION LIMIT 0")
    failing = wait_for_events(path, "database_failing")[0]
    assert failing["database"] == "crm"
    pause_often(daemon, 1)
    told = [failing, *wait_for_events(path, "paused"), *wait_for_events(path, "resumed")]
    system = server.psql("SELECT system_identifier FROM pg_control_system()")
    assert [(x["backend"], x.get("cluster")) for x in told] == [("one", system)] * 3


def test_a_file_is_bounded_and_may_be_moved(primary, watch, directory):
    path = directory / "bounded.json"
    daemon = watch([backend("one", primary)], events={"file": str(path), "max_bytes": 65536})
    daemon.wait_up("one")
    for _ in range(10):
        pause_often(daemon, 40)
        sizes = [x.stat().st_size for x in directory.glob("bounded.json*")]
        assert all(size <= 65536 for size in sizes) and len(sizes) <= 2, sizes
    assert (directory / "bounded.json.1").exists()
    whole = events(path) + events(directory / "bounded.json.1")
    assert {"paused", "resumed"} <= {x["event"] for x in whole}
    # They are written by a thread of their own.
    daemon.wait_for(lambda page: page.value("pgstatsmon_events_total") >= 10 * 2 * 40,
                    what="all are written")
    path.rename(directory / "moved")
    pause_often(daemon, 1)
    assert [x["event"] for x in wait_for_events(path, count=2)] == ["paused", "resumed"]
    path.unlink()
    pause_often(daemon, 1)
    wait_for_events(path, count=2)


def test_a_fifo_that_nobody_reads_delays_nothing(primary, watch, directory):
    path = directory / "fifo"
    os.mkfifo(path)
    daemon = watch([backend("one", primary)], events={"file": str(path)}, interval=50)
    daemon.wait_up("one")
    daemon.wait_for(lambda page: page.value("pgstatsmon_events_dropped_total") >= 2)
    daemon.wait_polls("one", 20)
    assert len(daemon.lines("events are dropped", "nobody reads it")) == 1
    # One that stops reading: the pipe fills up, and then what is on its way.
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        pause_often(daemon, 1)
        daemon.wait_for(lambda page: page.value("pgstatsmon_events_total") >= 2)
        assert b'"event":"resumed"' in os.read(reader, 65536)
        before = time.monotonic()
        pause_often(daemon, 300)
        daemon.wait_polls("one", 20)
        daemon.stop()
        assert time.monotonic() - before < 60
    finally:
        os.close(reader)


def test_a_full_disk(primary, watch, directory):
    disk = directory / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=256k none {disk} && exec "$@"'
    daemon = watch([backend("one", primary)], events={"file": str(disk / "events.json")}, interval=50,
                   prefix=["unshare", "--mount", "sh", "-c", mount, "sh"])
    daemon.wait_up("one")
    seen = Path(f"/proc/{daemon.process.pid}/root{disk}")
    path = seen / "events.json"
    wait_for_events(path, "backend_connected")
    with suppress(OSError), (seen / "filler").open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 1024)
    pause_often(daemon, 40)
    page = daemon.wait_for(lambda page: page.value("pgstatsmon_events_dropped_total") >= 2)
    daemon.wait_polls("one", 20)
    assert len(daemon.lines("events are dropped", "No space left")) == 1
    assert path.read_text().endswith("}\n") and events(path)
    (seen / "filler").unlink()
    # As many bytes as the longest line that failed show that there is room again.
    pause_often(daemon, 5)
    daemon.wait_for(
        lambda now: now.value("pgstatsmon_events_total") > page.value("pgstatsmon_events_total"))
    assert wait_for_events(path, "events_recovered")
    assert daemon.lines("events are written again")


def test_standard_output(primary, watch):
    daemon = watch([backend("one", primary)], events={"file": "stdout"}, log={"format": "json"})
    daemon.wait_up("one")
    wait_until(lambda: len(daemon.lines('"event":"backend_connected"')) == 2, 20)
    assert all(json.loads(line) for line in daemon.log().splitlines())


# -- what happens on servers -----------------------------------------------------------------------


@pytest.fixture
def server(cluster):
    server = cluster("told")
    server.configure(max_prepared_transactions="2")
    server.start()
    server.role()
    server.psql("CREATE TABLE t (x int)")
    return server


@pytest.fixture
def told(server, watch, directory):
    """A daemon that tells early, and the file of its events."""
    path = directory / f"told-{server.port}.json"
    daemon = watch([backend("one", server)],
                   events={"file": str(path), "blocked_for": "1s", "transaction_for": "2s"})
    daemon.wait_up("one")
    daemon.wait_polls("one", 3)
    return daemon, path


def test_settings_that_change(server, watch, directory):
    path = directory / "settings.json"
    daemon = watch([backend("one", server)], events={"file": str(path)})
    daemon.wait_up("one")
    daemon.wait_polls("one", 3)
    server.psql("ALTER SYSTEM SET work_mem = '9MB'")
    server.psql("ALTER SYSTEM SET max_connections = '77'")
    server.psql("ALTER SYSTEM SET archive_command = 'copy with a secret'")
    server.psql("SELECT pg_reload_conf()")
    # The facts are asked once a minute.
    changed = wait_for_events(path, "setting_changed", count=2, timeout=120)
    by_name = {x["setting"]: x for x in changed}
    assert set(by_name) == {"work_mem", "archive_command"}
    assert (by_name["work_mem"]["from"], by_name["work_mem"]["to"]) == ("4096kB", "9216kB")
    assert not {"from", "to"} & set(by_name["archive_command"])
    assert "a secret" not in path.read_text() and "a secret" not in daemon.log()
    pending = wait_for_events(path, "setting_pending")[0]
    assert pending["setting"] == "max_connections" and "to" not in pending
    assert daemon.lines("setting work_mem is '9216kB', was '4096kB'")
    page = daemon.scrape()
    assert page.value("pgstatsmon_backend_setting_changes_total", backend="one") == 3
    # What waited for a restart is there when it came.
    server.stop()
    server.start()
    after = wait_for_events(path, "setting_changed", count=3, timeout=120)[-1]
    assert (after["setting"], after["to"]) == ("max_connections", "77")


def test_who_blocks_whom_is_told_once(server, told):
    daemon, path = told
    holder, waiter = server.session(), server.session()
    pids = [int(x.run("SELECT pg_backend_pid()")) for x in (holder, waiter)]
    holder.run("BEGIN; LOCK t IN ROW EXCLUSIVE MODE")
    waiter.run("SET application_name = '\"<b>'; BEGIN")
    waiter.send("LOCK t IN ACCESS EXCLUSIVE MODE")
    began = wait_for_events(path, "blocking")[0]
    assert began["waiting"] == 1 and began["depth"] == 1 and began["longest_seconds"] >= 1
    assert [(x["pid"], x["depth"], x["behind"]) for x in began["tree"]] == [(pids[0], 0, 1), (pids[1], 1, 0)]
    assert began["tree"][1]["lock"] == "public.t AccessExclusiveLock"
    assert began["tree"][1]["application"] == '"<b>'
    # No literal, no text of a statement.
    assert "LOCK t" not in path.read_text()
    daemon.wait_polls("one", 10)
    holder.run("ROLLBACK")
    over = wait_for_events(path, "blocking_over")[0]
    assert over["seconds"] >= began["longest_seconds"]
    daemon.wait_polls("one", 5)
    assert len(events(path, "blocking")) == len(events(path, "blocking_over")) == 1


def test_a_long_transaction_is_told_once(server, told):
    daemon, path = told
    session = server.session()
    pid = int(session.run("SELECT pg_backend_pid()"))
    session.run("SET application_name = 'slow'; BEGIN; SELECT 1")
    began = wait_for_events(path, "long_transaction")[0]
    assert (began["pid"], began["application"], began["state"]) == (pid, "slow", "idle in transaction")
    assert began["seconds"] >= 2
    daemon.wait_polls("one", 10)
    session.run("COMMIT")
    over = wait_for_events(path, "long_transaction_over")[0]
    assert over["seconds"] >= began["seconds"]
    daemon.wait_polls("one", 5)
    assert len(events(path, "long_transaction")) == len(events(path, "long_transaction_over")) == 1


def test_texts_of_statements_only_if_asked_for(server, watch, directory):
    path = directory / "texts.json"
    daemon = watch([backend("one", server, activity={"texts": True})], interval=200,
                   events={"file": str(path), "blocked_for": "1s"})
    daemon.wait_up("one")
    holder, waiter = server.session(), server.session()
    holder.run("BEGIN; LOCK t IN ROW EXCLUSIVE MODE")
    waiter.run("BEGIN")
    waiter.send("LOCK t IN ACCESS EXCLUSIVE MODE")
    began = wait_for_events(path, "blocking")[0]
    assert began["tree"][1]["statement"].startswith("LOCK t IN ACCESS EXCLUSIVE MODE")
    wait_until(lambda: "LOCK t" in say(daemon, "locks", "one"), 20)
    holder.run("ROLLBACK")
