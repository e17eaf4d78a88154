"""The installed service in a booted container: LEADER ROOT DIRECTORY, in its network namespace.

check_installed calls it. The server is ours, from outside; nothing of it is in the container.
"""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "integration"))

from harness.page import Page  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.waiting import wait_until  # noqa: E402

HOST = "127.0.0.1"
DROP_IN = """[Service]
LoadCredential=password:/etc/pgstatsmon/password
Group=adm
WatchdogSec=6s
TimeoutAbortSec=1s
RestartSec=1s
"""


class Machine:
    """The container, as root in it sees it."""

    def __init__(self, leader, root):
        self.leader, self.root = leader, root

    def run(self, *command, check=True):
        done = subprocess.run(
            ["nsenter", "--target", self.leader, "--all", *command],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}{self.journal()}")
        return done.stdout.strip()

    def systemctl(self, *command):
        return self.run("systemctl", *command)

    def show(self, name, unit="pgstatsmon.service"):
        return self.systemctl("show", "--property", name, "--value", unit)

    def journal(self):
        return self.run("journalctl", "--no-pager", "--lines", "30", check=False)

    def logged(self, unit="pgstatsmon.service"):
        """(priority, message) of what the daemon said."""
        text = self.run("journalctl", "--no-pager", "--output", "json", "--unit", unit)
        entries = [json.loads(line) for line in text.splitlines()]
        return [
            (int(x["PRIORITY"]), x["MESSAGE"]) for x in entries if x.get("_COMM") == "pgstatsmon"
        ]

    def write(self, path, text, mode=0o644):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)


def page(port=9187):
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=10) as answer:
        return Page(answer.read().decode())


def wait_up(machine, port=9187):
    def up():
        try:
            return page(port).value("pg_up", backend="one") == 1
        except OSError:
            return False

    wait_until(up, 30, lambda: f"the backend is up\n{machine.journal()}")


def configuration(server, dead, **more):
    backends = [{"name": "one", "ip": server.host, "port": server.port}]
    backends += [{"name": "dead", "ip": HOST, "port": 1}] if dead else []
    return json.dumps({
        "interval": 500, "user": "pgstatsmon", "password_file": "%d/password",
        "setup": {"enabled": False}, "state_dir": "/var/lib/pgstatsmon",
        "static": {"dbs": backends}, **more,
    })


def the_service_runs(machine, server):
    """Readiness, the credential, the status, the user, the directories, the journal."""
    machine.write("etc/pgstatsmon/password", "from systemd\n", 0o600)
    for unit in ("pgstatsmon.service", "pgstatsmon@.service"):
        machine.write(f"etc/systemd/system/{unit}.d/test.conf", DROP_IN)
    machine.write("etc/pgstatsmon/pgstatsmon.yaml", configuration(server, dead=True))
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "pgstatsmon")  # returns once READY=1 was said
    assert page().find("pgstatsmon_build_info")
    wait_up(machine)
    status = "1 of 2 backends up"
    wait_until(lambda: machine.show("StatusText") == status, 10, lambda: machine.show("StatusText"))
    process = machine.run("cat", f"/proc/{machine.show('MainPID')}/status")
    facts = dict(line.split(":\t", 1) for line in process.splitlines() if ":\t" in line)
    assert "0" not in facts["Uid"].split(), facts["Uid"]
    assert facts["CapEff"].strip("0") == "" and facts["NoNewPrivs"] == "1", facts
    assert facts["Seccomp"] == "2", facts
    assert machine.run("stat", "-c", "%a %G", "/run/pgstatsmon") == "750 adm"
    # Directories of a DynamicUser are links to private ones.
    assert machine.run("stat", "-Lc", "%a", "/var/lib/pgstatsmon") == "700"
    logged = machine.logged()
    assert any(priority == 6 and "serving" in text for priority, text in logged), logged
    assert any(priority == 4 and "dead: refused" in text for priority, text in logged), logged
    assert not any(text.startswith("<") for _, text in logged), logged


def a_reload_is_obeyed(machine, server):
    before = machine.show("MainPID")
    machine.write("etc/pgstatsmon/pgstatsmon.yaml", configuration(server, dead=False))
    machine.systemctl("reload", "pgstatsmon")
    status = "1 of 1 backends up"
    wait_until(lambda: machine.show("StatusText") == status, 10, machine.journal)
    assert machine.show("MainPID") == before
    assert machine.show("ActiveState") == "active"


def the_watchdog_bites(machine):
    before = machine.show("MainPID")
    machine.systemctl("kill", "--signal", "STOP", "pgstatsmon")
    wait_until(lambda: machine.show("NRestarts") == "1", 30, machine.journal, every=0.2)
    wait_up(machine)
    assert machine.show("MainPID") != before
    assert "Watchdog timeout" in machine.journal()


def an_instance_is_apart(machine, server):
    options = {"target": {"port": 9188}, "state_dir": "/var/lib/pgstatsmon-east"}
    machine.write("etc/pgstatsmon/east.yaml", configuration(server, dead=False, **options))
    machine.systemctl("start", "pgstatsmon@east")
    wait_up(machine, 9188)
    assert page().find("pgstatsmon_build_info")
    assert machine.run("stat", "-c", "%a %G", "/run/pgstatsmon-east") == "750 adm"
    machine.systemctl("stop", "pgstatsmon@east")
    assert machine.show("Result", "pgstatsmon@east") == "success"


def the_socket_starts_it(machine):
    machine.systemctl("stop", "pgstatsmon")
    assert machine.show("Result") == "success"
    machine.systemctl("start", "pgstatsmon.socket")
    assert machine.show("ActiveState") == "inactive"
    wait_up(machine)  # the first scrape starts it and waits
    assert any("on the socket from systemd" in text for _, text in machine.logged())
    machine.systemctl("restart", "pgstatsmon")
    assert page().find("pgstatsmon_build_info")
    machine.systemctl("stop", "pgstatsmon.socket", "pgstatsmon")


def main(leader, root, directory):
    machine = Machine(leader, Path(root))
    server = Postgres(Path(directory), "primary", [HOST])
    try:
        server.initialise().start()
        server.role()
        server.psql("alter role pgstatsmon password 'from systemd'")
        server.allow(f"host all postgres {HOST}/32 trust", f"host all all {HOST}/32 scram-sha-256")
        began = time.monotonic()
        the_service_runs(machine, server)
        a_reload_is_obeyed(machine, server)
        the_watchdog_bites(machine)
        an_instance_is_apart(machine, server)
        the_socket_starts_it(machine)
        print(f"the service: well, {time.monotonic() - began:.0f} s")
    finally:
        server.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
