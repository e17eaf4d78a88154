"""A pgbouncer in front of a server."""

import os
import signal
import subprocess
from pathlib import Path

from . import process
from .network import address, free_port
from .postgres import own_directory
from .waiting import wait_until

CONFIGURATION = """
[databases]
{databases}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = {auth_type}
auth_file = {home}/users
pool_mode = {mode}
default_pool_size = {size}
{more}
"""


class Pgbouncer:
    """One pooler. Everybody whom `users` names is let in.

    `mode`: session or transaction; `size`: server sessions for each user and database; `names`: what
    a database's name leads to, all others to that of the same name, or nowhere when there is a None;
    `password`: everybody's.
    """

    def __init__(self, parent, server, mode, size=1, users=("pgstatsmon", "postgres"), names=None,
                 password="", auth_type="trust", **more):
        self.user = process.unprivileged_user()
        self.host = address()
        self.port = free_port(self.host)
        self.home = own_directory(Path(parent) / f"pgbouncer-{self.port}", self.user)
        self.log_file = self.home / "log"
        lines = "\n".join(f"{key} = {value}" for key, value in more.items())
        to = f"host={server.host} port={server.port}"
        names = {"*": "", **(names or {})}
        databases = "\n".join(f"{name} = {to}{f' dbname={what}' if what else ''}"
                              for name, what in names.items() if what is not None)
        text = CONFIGURATION.format(
            databases=databases, host=self.host, port=self.port, home=self.home, mode=mode,
            size=size, more=lines, auth_type=auth_type,
        )
        self._write("users", "".join(f'"{name}" "{password}"\n' for name in users))
        self.file = self._write("ini", text)
        self.start()

    def start(self):
        """Starts it, after close() once more."""
        ups = self.log().count("process up")
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                ["pgbouncer", self.file],
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"},
            )
        wait_until(lambda: self.log().count("process up") > ups, 20,
                   lambda: f"pgbouncer\n{self.log()}")

    def _write(self, name, text):
        path = self.home / name
        path.write_text(text)
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def psql(self, sql, database="postgres", user="pgstatsmon"):
        """Runs SQL through the pooler, as another client of it."""
        url = f"host={self.host} port={self.port} dbname={database} user={user} connect_timeout=10"
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url]
        return process.run(command, input=sql).rstrip("\n")

    def close(self):
        process.stop(self.process, (signal.SIGINT, signal.SIGKILL))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
