"""The daemon under test: its configuration, its process, its page, its log."""

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from . import process
from .network import address, free_port
from .page import Page
from .waiting import PATIENCE, wait_until

BINARY = os.environ.get("PGSTATSMON_BINARY", "pgstatsmon")
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:")


def merged(base, more):
    """Two nested dicts in one; None removes a key."""
    result = dict(base)
    for key, value in more.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


# An interval for tests that count polls: after the first one, only an order makes another. Its phase is
# anywhere in the interval, so that a minute would be over within some test's first second.
BY_ORDER = 86_400_000  # ms, the longest there is


def backend(name, server, **more):
    """A static entry for anything with a host and a port."""
    return {"name": name, "ip": server.host, "port": server.port, **more}


def configuration(backends, **more):
    """A configuration in the original's format, quick enough for tests."""
    base = {
        "interval": 200,
        "connections": {"query_timeout": 5000, "connect_timeout": 3000, "connect_retries": 3},
        "target": {"ip": address(), "port": free_port(), "route": "/metrics", "metadata": {}},
        "user": "pgstatsmon",
        "database": "postgres",
        "backend_port": 5432,
        "static": {"dbs": backends},
        # Polls are many times as frequent as people have them.
        "budget": {"server": "off"},
    }
    return merged(base, more)


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Daemon:
    """One run of the binary. `stop()` checks that it ended well."""

    instances = []
    numbers = itertools.count(1)

    def __init__(self, directory, config, arguments=(), environment=None, prefix=()):
        self.config = config
        self.host, self.port = config["target"]["ip"], config["target"]["port"]
        self.route = config["target"]["route"]
        self.file = Path(directory) / f"pgstatsmon-{self.port}.json"
        config.setdefault("console", {"socket": str(self.file.with_suffix(".sock"))})
        self.file.write_text(json.dumps(config, indent="\t"))
        # A free port may be one that was free before: no log is another's.
        self.log_file = self.file.with_suffix(f".{next(Daemon.numbers)}.log")
        self.arguments = arguments
        self.environment = environment or {}
        self.prefix = prefix  # a command that executes what follows it
        self.tls = None  # an ssl.SSLContext when the page has TLS
        self.headers = {}  # of every request
        self.limits = {}  # as process.spawn() takes them
        self.process = None
        Daemon.instances.append(self)

    def start(self):
        """Starts the binary without waiting for anything."""
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                [*self.prefix, BINARY, *self.arguments, str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                limits=self.limits,
                env={**os.environ, "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
                     "UBSAN_OPTIONS": "print_stacktrace=1", **self.environment},
            )
        return self

    def wait_ready(self, timeout=PATIENCE):
        """Waits until the page is served and knows every backend of the static list."""
        wait_until(self.answers, timeout, lambda: f"the page is served\n{self.log()}")
        if not self.config.keys() & {"vmapi", "file", "http_sd", "dns", "patroni"}:
            names = {entry["name"] for entry in self.config.get("static", {}).get("dbs", [])}
            self.wait_for(
                lambda page: names
                <= {labels["backend"] for labels, _ in page.find("pg_up") + page.find("pgbouncer_up")},
                timeout,
                "the backends are known",
            )
        return self

    def answers(self):
        """True when the page is served; an error when the daemon has ended."""
        assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.log()}"
        try:
            return self.get().status == 200
        except OSError:
            return False

    # -- asking ------------------------------------------------------------------------------------

    def get(self, path=None, method="GET", headers=None):
        """One HTTP request, on a connection of its own."""
        if self.tls is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        else:
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=PATIENCE, context=self.tls
            )
        try:
            headers = {**self.headers, **(headers or {})}
            connection.request(method, path or self.route, headers=headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def scrape(self):
        """The page, parsed and checked."""
        answer = self.get()
        assert answer.status == 200, answer.status
        return Page(answer.body.decode())

    def wait_for(self, condition, timeout=PATIENCE, what=""):
        """Waits until `condition(page)` is true; returns that page."""
        last = []

        def check():
            assert self.process.poll() is None, f"ended: {self.process.returncode}\n{self.log()}"
            last[:] = [self.scrape()]
            return condition(last[0])

        wait_until(check, timeout, lambda: f"{what}\n{self.log()[-3000:]}", every=0.05)
        return last[0]

    def wait_up(self, *names, timeout=PATIENCE):
        """Waits until these backends have been polled without a failure."""
        return self.wait_for(
            lambda page: all(page.value("pg_up", backend=name) == 1 for name in names),
            timeout,
            f"{names} are up",
        )

    def wait_polls(self, name, count, timeout=PATIENCE):
        """Waits until a backend was polled `count` times more; returns the page."""
        start = polls(self.scrape(), name)
        return self.wait_for(
            lambda page: polls(page, name) >= start + count, timeout, f"{count} polls of {name}"
        )

    def wait_asked(self, *names):
        """Waits until each query of backends has been answered that applies and has an interval of its
        own, and one poll more; returns the page."""

        def answered(page, name):
            plan = json.loads(self.get(f"/api/v1/backends/{name}").body)["plan"]
            wanted = {x["query"] for x in plan if x["every_seconds"]}
            found = page.find("pgstatsmon_query_last_success_timestamp_seconds", backend=name)
            return plan and wanted <= {labels["query"] for labels, _ in found}

        for name in names:
            self.wait_for(lambda page, name=name: answered(page, name), 120, f"all of {name}")
        for name in names:
            page = self.wait_polls(name, 1)
        return page

    def log(self):
        """Everything it wrote to stdout and stderr."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def lines(self, *words):
        """Log lines that contain every word."""
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    # -- ending ------------------------------------------------------------------------------------

    def stop(self, number=signal.SIGTERM, timeout=PATIENCE):
        """Ends it and checks that it ended well."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"does not end within {timeout} s\n{self.log()}") from None
        self.process = None
        report = SANITIZER.search(self.log())
        assert not report, self.log()
        assert code == 0, f"exit code {code}\n{self.log()}"

    def kill(self):
        if self.process and self.process.poll() is None:
            process.stop(self.process, (signal.SIGKILL,))


def polls(page, name):
    """How many polls of a backend have ended."""
    return page.value("pgstatsmon_poll_duration_seconds_count", backend=name) or 0
