"""Daemons that share a fleet of backends, and who looks whether they do it right."""

import json
import os
import signal
import threading
import time
from pathlib import Path

from .daemon import Daemon, configuration, merged
from .network import address
from .waiting import PATIENCE, wait_until

TTL = 10
INTERVAL = 1
SLOTS = 1024
BACKENDS = int(os.environ.get("PGSTATSMON_TEST_BACKENDS", "60"))  # a multiple of ten
DATABASES = BACKENDS // 10  # of each server
NAMES = [f"db{i:03}" for i in range(BACKENDS)]
NAMESPACE = "/test/pgstatsmon"


def fleet_servers(cluster):
    """Two servers, whose databases at several addresses are the fleet."""
    result = []
    for name, first in (("east", 1), ("west", 11)):
        server = cluster(name, listen=[address(first + i) for i in range(5)])
        server.configure(max_connections=BACKENDS + 140)
        server.start()
        server.role()
        for i in range(DATABASES):
            server.psql(f"create database app{i}")
        result.append(server)
    return result


def entries(servers):
    places = [(server, host, f"app{i}") for server in servers for host in server.listen
              for i in range(DATABASES)]
    return [{"name": name, "ip": host, "port": server.port, "database": database,
             "parameters": {"application_name": name}}
            for name, (server, host, database) in zip(NAMES, places)]


class Fleet:
    """Daemons that share what two servers have. `engine`: options of `cluster` for whoever is at
    `keeper`, something with a host and a port, and keeps the leases."""

    number = 0

    def __init__(self, directory, servers, keeper, engine):
        Fleet.number += 1
        self.directory, self.servers = Path(directory), servers
        self.keeper, self.engine = keeper, engine
        self.name = f"fleet{Fleet.number}"
        self.daemons = {}
        self.over = []

    def start(self, name, keeper=None, **more):
        """Starts a member, or starts it again."""
        cluster = {"fleet": self.name, "member": name, "ttl": f"{TTL}s", "settle": "2s",
                   "max_moves": "50%", **self.engine(keeper or self.keeper)}
        options = {"interval": INTERVAL * 1000, "stale_after": "10s",
                   "collect": {"sets": ["original"]},
                   "state_dir": str(self.directory / f"{self.name}-{name}"), "cluster": cluster}
        config = configuration(entries(self.servers), **merged(options, more))
        daemon = Daemon(self.directory, config).start()
        self.daemons[name] = daemon
        self.over.append(daemon)
        wait_until(daemon.answers, what=daemon.log)
        return daemon

    def status(self, name):
        return json.loads(self.daemons[name].get("/api/v1/cluster").body)

    def owned(self):
        """How many slots each member says that it has."""
        return {name: self.status(name)["slots"] for name in self.daemons}

    def settled(self, *names):
        """Whether these share all, each about its part, and all are polled."""
        owned = self.owned()
        part = SLOTS / len(names)
        return (sum(owned[x] for x in names) == SLOTS
                and all(abs(owned[x] - part) <= 1 for x in names)
                and sum(self.up(x) for x in names) == BACKENDS)

    def wait_settled(self, *names, timeout=PATIENCE):
        wait_until(lambda: self.settled(*names), timeout,
                   lambda: f"{names} share all: {self.owned()}\n"
                   + "\n".join(self.daemons[x].log()[-1500:] for x in names), every=0.2)

    def up(self, name):
        page = self.daemons[name].scrape()
        return sum(value for _, value in page.find("pg_up"))

    def kill(self, name):
        daemon = self.daemons.pop(name)
        daemon.kill()
        daemon.process = None
        return daemon

    def close(self):
        for daemon in self.over:
            if daemon.process and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
        try:
            for daemon in self.over:
                daemon.stop()
        finally:
            for daemon in self.over:
                daemon.kill()


class Watcher(threading.Thread):
    """Looks all the time whether a backend has two sessions of ours."""

    DOUBLED = ("select application_name || ' ' || count(*) from pg_stat_activity"
               " where usename = 'pgstatsmon' group by application_name having count(*) > 1")

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.sessions = [server.session() for server in fleet.servers]
        self.doubled = []
        self.looks = 0
        self.ends = threading.Event()

    def run(self):
        while not self.ends.is_set():
            for session in self.sessions:
                self.doubled += session.run(self.DOUBLED).splitlines()
                self.looks += 1
            self.ends.wait(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join(PATIENCE)


def took(since):
    return round(time.monotonic() - since, 1)


def keys(place):
    """Leases as keys of the etcd that is there."""
    return {"etcd": {"endpoints": [f"http://{place.host}:{place.port}"], "namespace": NAMESPACE}}


def counts(fleet, name):
    """What a member has counted that should not happen."""
    page = fleet.daemons[name].scrape()
    return {x: page.value(f"pgstatsmon_cluster_{x}_total")
            for x in ("brain_splits", "watchdog_triggers", "engine_failures")}


def requests(fleet, name):
    return fleet.daemons[name].scrape().value("pgstatsmon_etcd_requests_total", client="cluster")


def nothing_odd(fleet):
    for name, daemon in fleet.daemons.items():
        assert counts(fleet, name)["brain_splits"] == 0, name
        assert daemon.scrape().value("pgstatsmon_cluster_doubtful") == 0
