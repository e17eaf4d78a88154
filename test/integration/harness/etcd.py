"""Throw-away etcd servers on loopback, and what a test asks them itself."""

import base64
import http.client
import json
import shutil
import signal
import subprocess
from pathlib import Path

from . import process
from .network import address, free_port
from .waiting import PATIENCE, wait_until


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def decoded(text):
    return base64.b64decode(text).decode()


def prefix_range(prefix):
    last = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return {"key": encoded(prefix), "range_end": encoded(last)}


class Etcd:
    """One server, a cluster of its own; a stop keeps its data."""

    def __init__(self, directory, name="etcd"):
        self.user = process.unprivileged_user()
        self.host = address()
        self.port = free_port(self.host)
        self.peer_port = free_port(self.host)
        self.name = f"{name}-{self.port}"
        self.home = Path(directory) / self.name
        self.home.mkdir(mode=0o700)
        self.log_file = self.home / "log"
        self.url = f"http://{self.host}:{self.port}"
        self.process = None

    def start(self):
        peer = f"http://{self.host}:{self.peer_port}"
        options = {
            "name": self.name,
            "data-dir": self.home / "data",
            "listen-client-urls": self.url,
            "advertise-client-urls": self.url,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"{self.name}={peer}",
            "heartbeat-interval": 100,
            "election-timeout": 1000,
        }
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                ["etcd", *(f"--{name}={value}" for name, value in options.items())],
                dies_with_us=signal.SIGKILL,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self.healthy, what=lambda: f"etcd answers\n{self.log()}")
        return self

    def stop(self):
        if self.process:
            process.stop(self.process, (signal.SIGKILL,))
            self.process = None

    def wipe(self):
        """Forgets everything: a cluster of its own behind the same address."""
        self.stop()
        shutil.rmtree(self.home / "data")

    def remove(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self):
        return self.log_file.read_text(errors="replace")[-3000:] if self.log_file.exists() else ""

    def healthy(self):
        assert self.process.poll() is None, f"ended\n{self.log()}"
        try:
            answer = self.ask("/v3/kv/range", key=encoded("health"))
            return "header" in answer or "user name" in answer.get("error", "")
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def ask(self, path, token=None, **body):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            headers = {"Authorization": token} if token else {}
            connection.request("POST", path, json.dumps(body), headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def put(self, key, value, **more):
        text = value if isinstance(value, str) else json.dumps(value)
        return self.ask("/v3/kv/put", key=encoded(key), value=encoded(text), **more)

    def delete(self, prefix, **more):
        return self.ask("/v3/kv/deleterange", **prefix_range(prefix), **more)

    def keys(self, prefix="/"):
        found = self.ask("/v3/kv/range", **prefix_range(prefix)).get("kvs", [])
        return {decoded(x["key"]): decoded(x.get("value", "")) for x in found}

    def compact(self):
        revision = self.ask("/v3/kv/range", key=encoded("x"))["header"]["revision"]
        self.ask("/v3/kv/compaction", revision=revision, physical=True)

    def authenticate(self, name, password):
        return self.ask("/v3/auth/authenticate", name=name, password=password)["token"]

    def want_passwords(self, name, password, prefix):
        """From now on `name` may read a prefix, root may do all, and nobody else anything."""
        for user in ("root", name):
            self.ask("/v3/auth/user/add", name=user, password=password)
            self.ask("/v3/auth/role/add", name=user)
            self.ask("/v3/auth/user/grant", user=user, role=user)
        may = {"permType": "READ", **prefix_range(prefix)}
        self.ask("/v3/auth/role/grant", name=name, perm=may)
        self.ask("/v3/auth/enable")
