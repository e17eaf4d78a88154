"""Throw-away PostgreSQL servers."""

import csv
import hashlib
import io
import os
import selectors
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import process
from .network import address, free_port
from .waiting import PATIENCE, wait_until

BIN = Path(os.environ.get("PGSTATSMON_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
NULL = "<null>"

SETTINGS = """
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = ''
shared_buffers = 16MB
max_connections = 60
fsync = off
full_page_writes = off
wal_level = replica
autovacuum = off
checkpoint_timeout = 1h
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
"""

TRUST = ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"]


def own_directory(path, user):
    """Makes a directory that only `user` may enter."""
    path.mkdir(mode=0o700)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


class Postgres:
    """One server with its data directory. Superuser `postgres`; everybody on loopback is trusted
    until `allow()` says otherwise."""

    instances = []

    def __init__(self, parent, name="primary", listen=None, port=None):
        """`listen`: addresses to listen on, the first is `host`."""
        self.user = process.unprivileged_user()
        self.listen = listen or [address()]
        self.host = self.listen[0]
        self.port = port or free_port(self.host)
        self.name = name
        self.home = own_directory(Path(parent) / f"{name}-{self.port}", self.user)
        self.data = self.home / "data"
        self.log_file = self.home / "log"
        self.process = None
        self.environment = {}
        self.sessions = []
        Postgres.instances.append(self)

    # -- making the data directory ---------------------------------------------------------------

    def initialise(self, kept_in=None):
        """Fills the data directory with initdb.

        What it makes is kept in the directory `kept_in` and taken from there the next time; all
        these clusters have one system identifier.
        """
        command = [BIN / "initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--wal-segsize=1", "--no-instructions"]
        version = process.run([BIN / "initdb", "--version"])
        key = hashlib.sha256(f"{command} {version}".encode()).hexdigest()[:16]
        kept = kept_in and Path(kept_in) / f"cluster-{key}.tar"
        if kept and kept.exists():
            # Opened by us: its owner need not be able to go where it lies.
            with kept.open("rb") as file:
                process.run(["tar", "-x", "-C", self.home], user=self.user, stdin=file)
        else:
            process.run([*command, "-D", self.data], user=self.user)
            if kept:
                own = kept.with_suffix(f".{os.getpid()}")
                process.run(["tar", "-c", "-f", own, "-C", self.home, "data"])
                own.rename(kept)
        self._configure()
        return self

    def copy_of(self, other):
        """Takes over the data directory of a server that is not running."""
        process.run(["cp", "-a", "--reflink=auto", other.data, self.data], user=self.user)
        self._configure()
        return self

    def standby(self, parent=None, name="standby", listen=None, port=None):
        """A streaming standby of this server, not started yet."""
        other = Postgres(parent or self.home.parent, name, listen or self.listen, port)
        source = f"host={self.host} port={self.port} user=postgres application_name={name}"
        process.run(
            [BIN / "pg_basebackup", "-D", other.data, "-R", "-c", "fast", "-N", "-d", source],
            user=self.user,
        )
        other._configure()
        return other

    def _configure(self):
        self._write("pgstatsmon.conf", SETTINGS.format(listen=",".join(self.listen), port=self.port))
        main = self.data / "postgresql.conf"
        if "pgstatsmon.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("include_if_exists = 'pgstatsmon.conf'\ninclude_if_exists = 'own.conf'\n")
        self._write("pg_hba.conf", "\n".join(TRUST) + "\n")

    def _write(self, name, text, mode=0o600):
        path = self.data / name
        path.write_text(text)
        path.chmod(mode)
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def configure(self, **settings):
        """Server parameters of this server alone, from the next start or reload on."""
        lines = [f"{key} = '{value}'" for key, value in settings.items()]
        self._write("own.conf", "\n".join(lines) + "\n")

    def give(self, name, text):
        """Writes a private file into the data directory (certificates)."""
        self._write(name, text)

    def live_in(self, seconds):
        """Its clock, from the next start on: ahead of ours by so much, or behind."""
        library, = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        self.environment = {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+}s",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    # -- life --------------------------------------------------------------------------------------

    def start(self, timeout=PATIENCE):
        """Starts the server and waits until it accepts connections."""
        with self.log_file.open("ab") as log:
            # Quit at once when the tests are killed.
            self.process = process.spawn(
                [BIN / "postgres", "-D", self.data],
                user=self.user,
                dies_with_us=signal.SIGQUIT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        wait_until(self._accepts, timeout, lambda: f"{self.name} accepts connections\n{self.log()}")
        return self

    def _accepts(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}\n{self.log()}")
        probe = [BIN / "pg_isready", "-q", "-d", self.url()]
        return subprocess.run(probe, cwd="/", timeout=PATIENCE).returncode == 0

    def stop(self, mode="fast", timeout=PATIENCE):
        """Stops the server: `smart`, `fast` or `immediate`."""
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        if self.process is None:
            return
        first = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
        process.stop(self.process, (first, signal.SIGQUIT, signal.SIGKILL), timeout)
        self.process = None

    def remove(self):
        """Stops the server at once and removes its files."""
        self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)
        if self in Postgres.instances:
            Postgres.instances.remove(self)

    def promote(self):
        """Makes a standby a primary; returns when it is one."""
        self.psql("select pg_promote(true, 60)")
        wait_until(lambda: self.psql("select pg_is_in_recovery()") == "f", what="promotion")

    def reload(self):
        """Makes the server read its configuration again; returns when it has."""
        loaded = "select pg_conf_load_time()"
        before = self.psql(loaded)
        self.psql("select pg_reload_conf()")
        wait_until(lambda: self.psql(loaded) != before, what="reload")

    def allow(self, *lines):
        """Replaces pg_hba.conf; the superuser stays trusted from our own psql (127.0.0.1)."""
        self._write("pg_hba.conf", "\n".join([*lines, ""]))
        if self.process:
            # pg_conf_load_time() can't be asked if the new rules keep us out.
            before = self.log().count("received SIGHUP")
            self.process.send_signal(signal.SIGHUP)
            wait_until(lambda: self.log().count("received SIGHUP") > before, what="reload")

    def log(self):
        """The server's log so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # -- asking ------------------------------------------------------------------------------------

    def url(self, database="postgres", user="postgres"):
        return f"host={self.host} port={self.port} dbname={database} user={user} connect_timeout=10"

    def psql(self, sql, database="postgres", user="postgres"):
        """Runs SQL, returns the output without its last newline."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database, user)]
        return process.run(command, input=sql).rstrip("\n")

    def rows(self, sql, database="postgres", user="postgres"):
        """Runs a query, returns a dict of texts per row; NULL is None."""
        command = ["psql", "-Xq", "--csv", "-P", f"null={NULL}", "-v", "ON_ERROR_STOP=1"]
        text = process.run([*command, "-d", self.url(database, user)], input=sql)
        table = csv.DictReader(io.StringIO(text, newline=""))
        return [{k: None if v == NULL else v for k, v in row.items()} for row in table]

    def session(self, database="postgres", user="postgres"):
        """A psql that stays connected until the server or the session is stopped."""
        self.sessions.append(Session(self.url(database, user)))
        return self.sessions[-1]

    def sessions_of(self, user="pgstatsmon"):
        """How many sessions of a role the server has."""
        return int(
            self.psql(
                f"select count(*) from pg_stat_activity where usename = '{user}'"
                " and backend_type = 'client backend'"
            )
        )

    def role(self, user="pgstatsmon", attributes="", monitor=True):
        """Makes the role that polls, as an administrator would."""
        self.psql(f'create role "{user}" login {attributes}')
        if monitor:
            self.psql(f'grant pg_monitor to "{user}"')


class Session:
    """One psql process that stays connected."""

    END = "--end--"

    def __init__(self, url):
        self._psql = process.spawn(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.run("select 1")

    def send(self, sql):
        """Sends SQL without waiting for its end."""
        self._psql.stdin.write(f"{sql};\n\\echo {self.END}\n".encode())
        self._psql.stdin.flush()

    def finish(self, timeout=PATIENCE):
        """Waits for what was sent; returns its output."""
        deadline = time.monotonic() + timeout
        output = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._psql.stdout, selectors.EVENT_READ)
            while not output.endswith(f"{self.END}\n".encode()):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise RuntimeError(f"psql does not answer within {timeout} s")
                chunk = os.read(self._psql.stdout.fileno(), 65536)
                if not chunk:
                    raise RuntimeError(f"psql ended: {output.decode(errors='replace')}")
                output += chunk
        return output.decode().removesuffix(f"{self.END}\n").rstrip("\n")

    def run(self, sql, timeout=PATIENCE):
        """Sends SQL and waits for its end."""
        self.send(sql)
        return self.finish(timeout)

    def close(self):
        process.stop(self._psql)
        self._psql.stdin.close()
        self._psql.stdout.close()
