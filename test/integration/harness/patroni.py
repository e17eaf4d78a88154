"""Clusters of the real Patroni on loopback."""

import http.client
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from . import process
from .network import address, free_port
from .postgres import BIN, own_directory
from .waiting import PATIENCE, wait_until

# Seconds for a step of a cluster: a leader that is lost is one after its ttl.
STEP = 120


class Member:
    """One Patroni with its server."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.user = process.unprivileged_user()
        self.host = address()
        self.port = free_port(self.host)
        self.api_port = free_port(self.host)
        self.home = own_directory(cluster.home / name, self.user)
        self.log_file = cluster.home / f"{name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://{self.host}:{self.api_port}"

    def settings(self):
        own = f"{self.host}:{self.port}"
        return {
            "scope": self.cluster.scope,
            "namespace": "/service/",
            "name": self.name,
            "restapi": {"listen": f"{self.host}:{self.api_port}",
                        "connect_address": f"{self.host}:{self.api_port}"},
            "etcd3": {"hosts": f"{self.cluster.etcd.host}:{self.cluster.etcd.port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": 20, "loop_wait": 2, "retry_timeout": 3,
                    "postgresql": {"use_slots": True, "parameters": {
                        "shared_buffers": "16MB", "max_connections": 40, "fsync": "off",
                        "unix_socket_directories": "", "autovacuum": "off"}},
                },
                "initdb": ["no-sync", {"encoding": "UTF8"}, {"locale": "C.UTF-8"},
                           {"wal-segsize": "1"}, {"auth": "trust"}],
                "pg_hba": ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"],
            },
            "postgresql": {
                "listen": own, "connect_address": own, "data_dir": str(self.home / "data"),
                "bin_dir": str(BIN), "pgpass": str(self.home / "pgpass"),
                "authentication": {"superuser": {"username": "postgres"},
                                   "replication": {"username": "postgres"}},
                "basebackup": ["no-sync", {"checkpoint": "fast"}],
            },
        }

    def start(self):
        file = self.home / "patroni.json"
        file.write_text(json.dumps(self.settings()))
        if self.user:
            os.chown(file, self.user.pw_uid, self.user.pw_gid)
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                ["patroni", file], user=self.user, dies_with_us=signal.SIGTERM,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        return self

    def server(self):
        """The process of its server; nothing when there is none."""
        try:
            return int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def kill(self):
        """As if its machine had lost power."""
        server = self.server()
        process.stop(self.process, (signal.SIGKILL,))
        self.process = None
        if server:
            try:
                os.kill(server, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self):
        server = self.server()
        if self.process:
            process.stop(self.process, (signal.SIGTERM, signal.SIGKILL), 30)
            self.process = None
        if server:
            try:
                os.kill(server, signal.SIGQUIT)
            except ProcessLookupError:
                pass

    def ask(self, path, method="GET", **body):
        connection = http.client.HTTPConnection(self.host, self.api_port, timeout=PATIENCE)
        try:
            connection.request(method, path, json.dumps(body) if body else None)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


class Patroni:
    """A cluster of members a, b, c."""

    def __init__(self, directory, etcd, scope="orders"):
        self.etcd, self.scope = etcd, scope
        self.home = Path(directory) / scope
        self.home.mkdir(mode=0o711)
        self.members = {}
        for name in "abc":
            self.members[name] = Member(self, name)

    def start(self):
        self.members["a"].start()
        self.wait_leader("a")
        for name in "bc":
            self.members[name].start()
        self.wait(lambda: self.running() == set("abc"), "all members run")
        return self

    def keys(self):
        return self.etcd.keys(f"/service/{self.scope}/")

    def leader(self):
        return self.keys().get(f"/service/{self.scope}/leader")

    def states(self):
        prefix = f"/service/{self.scope}/members/"
        found = {k[len(prefix):]: json.loads(v) for k, v in self.keys().items() if k.startswith(prefix)}
        return {name: value.get("state") for name, value in found.items()}

    def running(self):
        return {name for name, state in self.states().items() if state in ("running", "streaming")}

    def wait_leader(self, *names):
        self.wait(lambda: self.leader() in names, f"{names} lead")
        return self.leader()

    def wait(self, condition, what):
        wait_until(condition, STEP, lambda: f"{what}\n{self.states()}\n{self.log()}", every=0.1)

    def log(self):
        return "\n".join(
            f"--- {x.name}\n{x.log_file.read_text(errors='replace')[-1500:]}"
            for x in self.members.values() if x.log_file.exists()
        )

    def remove(self):
        for x in self.members.values():
            x.stop()
        shutil.rmtree(self.home, ignore_errors=True)
