"""Fixtures: a template cluster, servers made from it, daemons that watch them."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from harness.daemon import Daemon, configuration
from harness.postgres import Postgres


TEST_SECONDS = 300


@pytest.fixture(autouse=True)
def bounded():
    """A test that hangs fails where it hangs, and what it started is still cleaned up."""

    def expired(*_):
        raise TimeoutError(f"the test takes longer than {TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def directory():
    """Everything that a test writes. The servers' unprivileged user may pass through it."""
    path = Path(tempfile.mkdtemp(prefix="pgstatsmon-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def template(directory):
    """A cluster that never runs."""
    return Postgres(directory, "template").initialise(os.environ.get("PGSTATSMON_CLUSTERS"))


@pytest.fixture(scope="module")
def cluster(directory, template):
    """Makes servers: cluster(name, listen=[...]) is a copy of the template, not started."""
    servers = []

    def make(name="primary", **options):
        servers.append(Postgres(directory, name, **options).copy_of(template))
        return servers[-1]

    def standby_of(primary, name="standby"):
        servers.append(primary.standby(directory, name))
        return servers[-1]

    make.standby_of = standby_of
    yield make
    for server in reversed(servers):
        server.remove()


@pytest.fixture(scope="module")
def primary(cluster):
    """A running primary with the role that polls, shared by the tests of a file."""
    server = cluster().start()
    server.role()
    return server


@pytest.fixture
def watch(directory):
    """Starts daemons: watch([backends], **configuration). At the end each must end well."""
    daemons = []

    def start(backends, arguments=(), environment=None, ready=True, prefix=(), **options):
        config = configuration(backends, **options)
        daemons.append(Daemon(directory, config, arguments, environment, prefix).start())
        return daemons[-1].wait_ready() if ready else daemons[-1]

    yield start
    try:
        for daemon in daemons:
            daemon.stop()
    finally:
        for daemon in daemons:
            daemon.kill()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of all logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for one in Daemon.instances[-2:] + Postgres.instances:
            lines = one.log().splitlines()[-25:]
            if lines:
                title = f"{type(one).__name__} {one.log_file}"
                report.sections.append((title, os.linesep.join(lines)))
