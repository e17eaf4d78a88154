"""Under systemd: readiness, status, watchdog, reload and sockets, with this test as the manager."""

import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from harness import process
from harness.daemon import BINARY, Daemon, backend, configuration
from harness.halting import actor_threads, halted
from harness.network import address, free_port
from harness.waiting import Timeout, wait_until


class Manager:
    """Hears what the daemon tells its service manager, on a real notify socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.environment = {"NOTIFY_SOCKET": str(path)}

    def hear(self, timeout):
        """The next message; None when there is none in time."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None

    def hear_until(self, text, timeout=15):
        """All messages up to the first that begins with `text`."""
        deadline = time.monotonic() + timeout
        heard = []
        while not heard or not heard[-1].startswith(text):
            message = self.hear(deadline - time.monotonic())
            if message is None:
                raise Timeout(f"not within {timeout} s: {text}, only {heard}")
            heard.append(message)
        return heard

    def wait_for_silence(self, seconds, timeout=15):
        """Waits until nothing is told for `seconds`."""
        deadline = time.monotonic() + timeout
        while message := self.hear(seconds):
            if time.monotonic() > deadline:
                raise Timeout(f"no silence within {timeout} s, at last {message}")


@pytest.fixture
def manager(directory):
    path = directory / "notify"
    manager = Manager(path)
    yield manager
    manager.socket.close()
    path.unlink()


# -- readiness and status --------------------------------------------------------------------------


def test_ready_when_the_page_is_served(primary, watch, manager):
    daemon = watch([backend("one", primary)], environment=manager.environment, ready=False)
    assert manager.hear(15) == "READY=1"
    assert daemon.get().status == 200


def test_not_ready_without_a_page(watch, directory, manager):
    with socket.create_server((address(), 0)) as taken:
        host, port = taken.getsockname()
        config = configuration([], target={"ip": host, "port": port})
        daemon = Daemon(directory, config, environment=manager.environment).start()
        assert daemon.process.wait(15) == 1
    assert manager.hear(0) is None


def test_status(primary, watch, manager):
    dead = {"name": "dead", "ip": address(), "port": free_port()}
    watch([backend("one", primary), dead], environment=manager.environment)
    manager.hear_until("STATUS=1 of 2 backends up")
    assert not any(x.startswith("STATUS") for x in iter(lambda: manager.hear(3), None))


# -- reload and end --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "interval: never"])
def test_reload(watch, manager, text):
    daemon = watch([], environment=manager.environment)
    manager.hear_until("READY=1")
    if text is not None:
        daemon.file.write_text(text)
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    daemon.process.send_signal(signal.SIGHUP)
    reloading = manager.hear_until("RELOADING=1")[-1]
    after = time.clock_gettime(time.CLOCK_MONOTONIC)
    fields = dict(line.split("=") for line in reloading.splitlines())
    assert before <= int(fields["MONOTONIC_USEC"]) / 1e6 <= after
    assert manager.hear(5) == "READY=1"


def test_stopping(watch, manager):
    daemon = watch([], environment=manager.environment)
    manager.hear_until("READY=1")
    daemon.stop()
    assert manager.hear_until("STOPPING=1", 1)
    assert manager.hear(0) is None


# -- watchdog --------------------------------------------------------------------------------------


def watchdog(manager):
    return {**manager.environment, "WATCHDOG_USEC": "30000000"}


def test_watchdog_is_fed_without_any_backend(watch, manager):
    watch([], environment=watchdog(manager), interval=60000)
    start = time.monotonic()
    for _ in range(3):
        manager.hear_until("WATCHDOG=1", 5)
    assert time.monotonic() - start < 10


def test_no_watchdog_unless_wanted(watch, manager):
    watch([], environment=manager.environment)
    manager.hear_until("STATUS=")
    assert manager.hear(2.5) is None


def test_a_stalled_scheduler_is_not_hidden(watch, manager):
    daemon = watch([], environment=watchdog(manager), interval=60000)
    manager.hear_until("WATCHDOG=1")
    assert daemon.get("/-/healthy").status == 200
    with halted(actor_threads(daemon.process.pid)):
        manager.wait_for_silence(4)
        wait_until(lambda: daemon.get("/-/healthy").status == 503, 5, "no longer healthy")
        assert daemon.get().status == 200
    manager.hear_until("WATCHDOG=1", 5)
    assert daemon.get("/-/healthy").status == 200


# -- readiness for others --------------------------------------------------------------------------


class Targets(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_ready_after_the_first_discovery_and_tick(watch):
    host, port = address(), free_port()
    source = {"url": f"http://{host}:{port}/", "poll_interval": 300}
    daemon = watch([], static=None, http_sd=[source], interval=100)
    wait_until(lambda: daemon.lines("http_sd"), 10, "discovery fails")
    assert daemon.get("/-/healthy").status == 200
    assert daemon.get("/-/ready").status == 503
    with http.server.ThreadingHTTPServer((host, port), Targets) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            wait_until(lambda: daemon.get("/-/ready").status == 200, 20, "ready")
        finally:
            server.shutdown()
            thread.join()


def test_not_ready_before_the_first_tick(watch):
    daemon = watch([], interval=60000)
    assert daemon.get("/-/ready").status == 503


# -- passwords and the journal ---------------------------------------------------------------------


def test_a_password_from_the_credentials(cluster, watch, directory):
    server = cluster("guarded").start()
    server.role()
    server.psql("alter role pgstatsmon password 'from systemd'")
    server.allow("host all postgres all trust", "host all all all scram-sha-256")
    credentials = directory / "credentials"
    credentials.mkdir()
    (credentials / "password").write_text("from systemd\n")
    daemon = watch(
        [backend("one", server)],
        environment={"CREDENTIALS_DIRECTORY": str(credentials)},
        password_file="%d/password",
    )
    daemon.wait_up("one")


def test_the_journal_hears_priorities(directory):
    dead = {"name": "dead", "ip": address(), "port": free_port()}
    daemon = Daemon(directory, configuration([dead]))
    daemon.log_file.touch()
    log = daemon.log_file.stat()
    daemon.environment["JOURNAL_STREAM"] = f"{log.st_dev}:{log.st_ino}"
    try:
        daemon.start().wait_ready()
        wait_until(lambda: daemon.lines("dead", "refused"), 10, daemon.log)
    finally:
        daemon.stop()
    assert daemon.lines("serving")[0].startswith("<6>")
    assert daemon.lines("dead", "refused")[0].startswith("<4>")


# -- sockets handed over ---------------------------------------------------------------------------


class Activated(Daemon):
    """A daemon that systemd-socket-activate starts when the first client comes."""

    def __init__(self, directory, where, *options):
        super().__init__(directory, configuration([]))
        self.where, self.options = where, options

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                ["systemd-socket-activate", *self.options, "-l", self.where, BINARY, self.file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: "Listening on" in self.log(), 10, "it listens")
        return self


@pytest.fixture
def activate(directory):
    daemons = []

    def start(where, *options):
        daemons.append(Activated(directory, where, *options).start())
        return daemons[-1]

    yield start
    try:
        for daemon in daemons:
            daemon.stop()
    finally:
        for daemon in daemons:
            daemon.kill()


def test_socket_activation(activate):
    host, port = address(), free_port()
    daemon = activate(f"{host}:{port}")
    configured = daemon.host, daemon.port
    daemon.host, daemon.port = host, port
    daemon.wait_ready()
    assert daemon.scrape()
    # The page may answer before the line that says so.
    wait_until(lambda: daemon.lines("on the socket from systemd"), what="it says where it serves")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(configured, 5)


def test_socket_activation_on_a_unix_socket(activate, directory):
    path = str(directory / "page.sock")
    activate(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(15)
        client.connect(path)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = client
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"process_start_time_seconds" in answer.read()
    os.unlink(path)


def test_the_socket_outlives_the_daemon(directory):
    """So that no scrape is refused while the service restarts: systemd listens on."""
    with socket.create_server((address(), 0)) as listening:
        inherit = 'exec 3<&"$1"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$2" "$3"'
        for _ in range(2):
            daemon = Daemon(directory, configuration([]))
            daemon.host, daemon.port = listening.getsockname()
            command = ["bash", "-c", inherit, "-", str(listening.fileno()), BINARY, daemon.file]
            with daemon.log_file.open("ab") as log:
                daemon.process = process.spawn(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=[listening.fileno()],
                )
            daemon.wait_ready()
            daemon.stop()
            socket.create_connection(listening.getsockname(), 5).close()
            listening.accept()[0].close()


def test_a_datagram_socket_is_refused(directory):
    host, port = address(), free_port()
    daemon = Activated(directory, f"{host}:{port}", "-d").start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", (host, port))
    assert daemon.process.wait(15) == 1
    assert daemon.lines("sockets from systemd", "expected a stream socket")
