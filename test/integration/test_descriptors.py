"""A limit of open files that does not hold the fleet: the page, the console and reloads go on."""

import json
import resource
import signal

import pytest
from harness import process
from harness.console import say
from harness.daemon import BINARY, Daemon, configuration
from harness.network import address
from harness.waiting import wait_until

FLEET = 60


@pytest.fixture(scope="module")
def fleet(cluster):
    """One server at sixty addresses, as entries."""
    server = cluster(listen=[address(i) for i in range(1, FLEET + 1)]).start()
    server.role()
    return [{"name": f"b{i}", "ip": host, "port": server.port}
            for i, host in enumerate(server.listen)]


@pytest.fixture
def short(fleet, directory):
    """A daemon with sixty backends and a limit of forty files."""
    config = configuration(list(fleet))
    daemon = Daemon(directory, config)
    daemon.limits = {resource.RLIMIT_NOFILE: (40, 40)}
    yield daemon.start().wait_ready()
    try:
        daemon.stop()
    finally:
        daemon.kill()


def up(page):
    return {labels["backend"] for labels, value in page.find("pg_up") if value == 1}


def kept_out(page):
    return page.value("pgstatsmon_backends_without_descriptor")


def test_everything_but_some_backends_works(short):
    page = short.wait_for(lambda p: kept_out(p) and len(up(p)) + kept_out(p) == FLEET)
    connected = up(page)
    assert len(connected) >= 5
    # The reason is each backend's own, and its log line is one for all.
    out = f"b{next(i for i in range(FLEET) if f'b{i}' not in connected)}"
    assert page.value("pgstatsmon_backend_failures_total", backend=out, reason="descriptors") > 0
    wait_until(lambda: short.lines("no descriptor is left"), 10)
    # Many pages, consoles and reloads, while backends ask again and again.
    for _ in range(20):
        assert short.get().status == 200
        assert say(short, "backends").count("\n") >= FLEET
    for number in range(3):
        short.process.send_signal(signal.SIGHUP)
        wait_until(lambda n=number: len(short.lines("configuration was read again")) > n, 10)
    # Who has a session keeps it.
    page = short.wait_polls(next(iter(connected)), 5)
    assert connected <= up(page)
    assert page.value("process_open_fds") < 40
    lines = short.lines("no descriptor is left")
    assert len(lines) == 1, lines
    for word in ("40", "LimitNOFILE", "ulimit -n"):
        assert word in lines[0]
    assert not short.lines("descriptors:"), "a line for each backend"


def test_a_descriptor_that_is_free_is_used(short):
    page = short.wait_for(lambda p: kept_out(p) and len(up(p)) + kept_out(p) == FLEET)
    connected = up(page)
    gone = set(sorted(connected)[:5])
    entries = short.config["static"]["dbs"]
    short.config["static"]["dbs"] = [entry for entry in entries if entry["name"] not in gone]
    short.file.write_text(json.dumps(short.config))
    short.process.send_signal(signal.SIGHUP)
    page = short.wait_for(lambda p: len(up(p)) == len(connected) and not up(p) & gone, timeout=40)
    assert connected - gone <= up(page)


def test_check_warns(fleet, directory):
    config = configuration(fleet)
    daemon = Daemon(directory, config)
    command = f"ulimit -n {{}} && exec {BINARY} --check {daemon.file}"

    def check(limit):
        return process.run(["bash", "-c", command.format(limit) + " 2>&1"])

    assert "this process may open 40 files" in check(40)
    assert "may open" not in check(4096)
