"""Two clusters that a daemon watches, and what the console and the API say of them."""

import json

from .console import data, row, say
from .daemon import Daemon, backend, configuration
from .postgres import Postgres
from .waiting import PATIENCE, wait_until

INTERVAL = 0.5  # s
SLOTS = 12  # max_connections, three of them for superusers


class Night:
    """Two servers of `orders`, each with two databases that are watched, and one of `billing`."""

    def __init__(self, directory, cluster):
        self.primary = Postgres(directory, "orders-1").initialise()  # a cluster of its own
        self.primary.configure(max_connections=SLOTS, wal_retrieve_retry_interval="500ms")
        self.primary.start()
        self.primary.role()
        self.primary.role("app", monitor=False)
        for database in ("shop", "crm"):
            self.primary.psql(f"create database {database}")
        self.primary.psql("create table orders (n int); grant all on orders to app", "shop")
        self.standby = self.primary.standby(directory, "orders-2").start()
        self.primary.psql("insert into orders values (1)", "shop")  # to have replayed something
        self.system = self.primary.psql("select system_identifier from pg_control_system()")
        self.bystander = cluster("billing-1").start()
        self.bystander.role()
        watched = [
            *(backend(x.name, x, database="shop") for x in self.servers()),
            *(backend(f"{x.name}/crm", x, database="crm") for x in self.servers()),
            backend("billing-1", self.bystander, database="postgres"),
        ]
        # A poll that a busy machine makes wait is none of the night's faults.
        patient = {"query_timeout": 30_000, "connect_timeout": 30_000}
        self.daemon = Daemon(directory, configuration(watched, interval=int(1000 * INTERVAL),
                                                      connections=patient))

    def servers(self):
        return [self.primary, self.standby]

    def two_intervals(self, name):
        """Two intervals pass at most: a poll may have been in flight when it began."""
        say(self.daemon, "locks", name)  # sessions are looked at from the next poll on
        self.daemon.wait_polls(name, 3)

    @staticmethod
    def comes(ask, **wanted):
        """Waits until what `ask()` returns has these values, and the console agrees with the API; a
        busy machine may take a while. Returns it."""

        last = []

        def has_come():
            try:
                last[:] = [ask()]
            except (AssertionError, StopIteration) as error:  # between two looks something changed
                last[:] = [{"error": error}]
            return wanted.items() <= last[0].items()

        wait_until(has_come, PATIENCE, lambda: f"{wanted}, not {last[0]}", every=0.1)
        return last[0]

    # -- what is said --------------------------------------------------------------------------------

    def top(self):
        return {x["backend"]: x for x in data(self.daemon, "top")["backends"]}

    def top_calls(self, name, word):
        """Waits until the line of a backend begins with this word."""

        def line():
            return next(x for x in say(self.daemon, "top").splitlines() if x.startswith(f"{name} "))

        wait_until(lambda: line()[len(name):].lstrip().startswith(f"{word} "), PATIENCE,
                   lambda: f"{name} is {word}, not {line()}", every=0.1)

    def api(self, *words):
        return json.loads(self.daemon.get("/".join(["/api/v1", *words])).body)

    def member(self, name):
        """A server, as the console's and the API's clusters say."""
        said = row(self.api("clusters"), server=name)
        assert said["cluster"] == self.system
        lines = say(self.daemon, "clusters").splitlines()
        line = next(x.split() for x in lines if x.split()[:1] == [name])
        assert line[1:3] == [said["role"], said["state"].split()[0]]
        return said

    def member_comes(self, name, **wanted):
        return self.comes(lambda: self.member(name), **wanted)

    def about_comes(self, name, **wanted):
        return self.comes(lambda: self.about(name), **wanted)

    def verdict(self):
        """What the console says of the cluster as a whole."""
        lines = say(self.daemon, "clusters").splitlines()
        return next(x for x in lines if self.system in x).partition(": ")[2]

    def about(self, name):
        """A backend, as the console and the API say alike."""
        said, listed = self.api("backends", name), data(self.daemon, "backend", name)
        for key in ("up", "failure", "role", "cluster", "cluster_state", "upstream", "attached"):
            assert said[key] == listed[key], key
        assert row(self.api("backends"), backend=name)["up"] == said["up"]
        return listed

    def order(self, verb, *names):
        for name in names:
            say(self.daemon, verb, name)
