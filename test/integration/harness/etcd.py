"""Throw-away etcd servers on loopback, and what a test asks them itself."""

import base64
import http.client
import json
import shutil
import signal
import ssl
import subprocess
from collections import namedtuple
from pathlib import Path

from . import process
from .certificates import authority, certificate
from .network import address, free_port
from .waiting import PATIENCE, wait_until


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def decoded(text):
    return base64.b64decode(text).decode()


def prefix_range(prefix):
    last = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return {"key": encoded(prefix), "range_end": encoded(last)}


# Files: who signs, what the server shows, what a client shows.
Tls = namedtuple("Tls", "ca certificate key client_certificate client_key")


def certificates(directory):
    """For a server at any of our addresses that wants clients to show one, too."""
    directory.mkdir()
    ca = authority(directory)
    names = ",".join(f"IP:{address(i)}" for i in range(64))
    # Its gateway is a client of itself, by the server's certificate.
    server = certificate(directory, ca, "server", names, usage="serverAuth,clientAuth",
                         subject="/O=tests")
    # Nor does the gateway take a client's with a common name, once there are users.
    return Tls(ca, *server, *certificate(directory, ca, "client", subject="/O=tests"))


def etcd_of_three(directory):
    """Three servers that are one cluster."""
    members = [Etcd(directory, f"etcd{i}") for i in range(3)]
    for member in members:
        member.members = members
        member.launch()
    for member in members:
        wait_until(member.healthy, what=member.log)
    return members


class Etcd:
    """One server, a cluster of its own if nobody says otherwise; a stop keeps its data."""

    def __init__(self, directory, name="etcd", tls=None):
        self.user = process.unprivileged_user()
        self.host = address()
        self.port = free_port(self.host)
        self.peer_port = free_port(self.host)
        self.name = f"{name}-{self.port}"
        self.home = Path(directory) / self.name
        self.home.mkdir(mode=0o700)
        self.log_file = self.home / "log"
        self.url = f"http{'s' if tls else ''}://{self.host}:{self.port}"
        self.peer_url = f"http://{self.host}:{self.peer_port}"
        self.tls = tls
        self.members = [self]
        self.process = None

    def start(self):
        self.launch()
        wait_until(self.healthy, what=lambda: f"etcd answers\n{self.log()}")
        return self

    def launch(self):
        """Starts without waiting for anything."""
        options = {
            "name": self.name,
            "data-dir": self.home / "data",
            "listen-client-urls": self.url,
            "advertise-client-urls": self.url,
            "listen-peer-urls": self.peer_url,
            "initial-advertise-peer-urls": self.peer_url,
            "initial-cluster": ",".join(f"{x.name}={x.peer_url}" for x in self.members),
            "heartbeat-interval": 100,
            "election-timeout": 1000,
        }
        if self.tls:
            options |= {"cert-file": self.tls.certificate, "key-file": self.tls.key,
                        "trusted-ca-file": self.tls.ca, "client-cert-auth": "true"}
        with self.log_file.open("ab") as log:
            self.process = process.spawn(
                ["etcd", *(f"--{name}={value}" for name, value in options.items())],
                dies_with_us=signal.SIGKILL,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self):
        if self.process:
            process.stop(self.process, (signal.SIGKILL,))
            self.process = None

    def freeze(self):
        """It neither answers nor goes away."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

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

    def leads(self):
        """Whether it is the leader, as it says."""
        status = self.ask("/v3/maintenance/status")
        return status["leader"] == status["header"]["member_id"]

    def _connection(self):
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=self.tls.ca)
        context.load_cert_chain(self.tls.client_certificate, self.tls.client_key)
        return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=context)

    def ask(self, path, token=None, **body):
        connection = self._connection()
        try:
            # Without Accept the gateway's own certificate would say who asks.
            headers = {"Accept": "*/*", **({"Authorization": token} if token else {})}
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

    def want_passwords(self, name, password, prefix, may="READ"):
        """From now on `name` may read a prefix, root may do all, and nobody else anything."""
        for user in ("root", name):
            self.ask("/v3/auth/user/add", name=user, password=password)
            self.ask("/v3/auth/role/add", name=user)
            self.ask("/v3/auth/user/grant", user=user, role=user)
        right = {"permType": may, **prefix_range(prefix)}
        self.ask("/v3/auth/role/grant", name=name, perm=right)
        self.ask("/v3/auth/enable")
