"""What main/demo --cluster shows: three daemons share two servers by leases in an etcd, and who watches what."""

import json
import signal
import subprocess
import time
import urllib.request

from harness import process
from harness.etcd import Etcd
from harness.network import free_port
from harness.waiting import Timeout, wait_until

HOST = "127.0.0.1"
MEMBERS = "abc"
SLOTS = 1024
PAUSE = 20  # s between two deaths
# The quickest that there is, so that nobody waits long for somebody who is dead.
SHARING = {"fleet": "demo", "ttl": "5s", "settle": "2s", "max_moves": "50%"}


class Member:
    """A daemon that shares the fleet, and may be killed and started again."""

    def __init__(self, binary, directory, name, etcd, backends, user):
        self.name, self.binary, self.process = name, binary, None
        self.address = f"{HOST}:{free_port(HOST)}"
        self.log = directory / f"{name}.log"
        self.file = directory / f"{name}.json"
        config = {
            "interval": 1000,
            "target": {"ip": HOST, "port": int(self.address.split(":")[1]), "route": "/metrics"},
            "user": user,
            "console": {"socket": ""},
            "static": {"dbs": backends},
            "cluster": {**SHARING, "member": name, "etcd": {"endpoints": [etcd.url]}},
        }
        self.file.write_text(json.dumps(config, indent=2))

    def start(self):
        with self.log.open("ab") as log:
            self.process = process.spawn([self.binary, self.file], stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            process.stop(self.process, (how, signal.SIGKILL))
            self.process = None

    def ask(self, path):
        """What its API says; nothing while it is not there."""
        if not self.process:
            return None
        if self.process.poll() is not None:
            raise Timeout(f"daemon {self.name} ended with exit code {self.process.returncode}")
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def up(self):
        """The backends that it watches and that answer."""
        return {x["backend"] for x in self.ask("/api/v1/backends") or [] if x["up"]}

    def slots(self):
        return (self.ask("/api/v1/cluster") or {}).get("slots", 0)


class Table:
    """Who watches what, a line whenever that has changed."""

    def __init__(self, members, names):
        self.members, self.names = members, names
        self.begin, self.last = time.monotonic(), None
        self.print("s", "what happens", "slots of a, b, c", names)

    def print(self, when, what, slots, cells):
        cells = [x.ljust(len(name)) for x, name in zip(cells, self.names)]
        print("  ".join([when.rjust(5), what.ljust(14), slots.ljust(16), *cells]).rstrip(), flush=True)

    def look(self, what=""):
        """Prints a line, if something is new or to be said."""
        slots = [x.slots() for x in self.members]
        up = [x.up() for x in self.members]
        owners = ["".join(m.name for m, has in zip(self.members, up) if name in has) or "-"
                  for name in self.names]
        if what or self.last != (slots, owners):
            self.print(f"{time.monotonic() - self.begin:.1f}", what, ", ".join(map(str, slots)), owners)
        self.last = slots, owners
        return slots, owners

    def settled(self, count):
        """Whether so many members share all of it, and each backend is watched by one."""
        slots, owners = self.look()
        shares = [x for x in slots if x]
        return (sum(slots) == SLOTS and len(shares) == count and max(shares) - min(shares) <= 1
                and all(len(x) == 1 and x != "-" for x in owners))

    def wait_settled(self, count):
        wait_until(lambda: self.settled(count), 60, lambda: f"{count} daemons share all", every=0.2)


def start_members(binary, directory, stack, backends, user):
    """An etcd, and three daemons with the same list."""
    etcd = Etcd(directory)
    stack.callback(etcd.remove)
    etcd.start()
    members = [Member(binary, directory, name, etcd, backends, user) for name in MEMBERS]
    for member in members:
        stack.callback(member.stop)
        member.start()
    return members


def show_takeover(table, victim):
    """One is killed and comes back, one ends in order and comes back."""
    for what, how in (("killed", signal.SIGKILL), ("ends", signal.SIGTERM)):
        victim.stop(how)
        table.look(f"{victim.name} {what}")
        table.wait_settled(len(MEMBERS) - 1)
        victim.start()
        table.look(f"{victim.name} starts")
        table.wait_settled(len(MEMBERS))


def follow(table, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        table.look()
        time.sleep(0.5)


def show_sharing(members, names, once, say):
    """Until Ctrl-C, or once."""
    table = Table(members, names)
    try:
        table.wait_settled(len(members))
        if not once:
            say("look at " + " and ".join(f"http://{x.address}/" for x in members)
                + "; Ctrl-C ends it all")
        show_takeover(table, members[-1])
        while not once:
            follow(table, PAUSE)
            show_takeover(table, members[-1])
    except Timeout:
        for member in members:
            say(f"the log of {member.name}:\n{member.log.read_text(errors='replace')[-3000:]}")
        raise
