"""Runs the daemon on a throw-away PostgreSQL primary and standby; main/demo builds and calls it."""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path

TEST = Path(__file__).resolve().parent.parent / "test"
sys.path[:0] = [str(TEST / "integration"), str(TEST)]

from demo_cluster import show_sharing, start_members  # noqa: E402
from fake_vmapi import FakeVmapi, make_vm  # noqa: E402
from harness import process  # noqa: E402
from harness.network import free_port  # noqa: E402
from harness.postgres import BIN, Postgres  # noqa: E402
from harness.waiting import Timeout, wait_until  # noqa: E402

HOST = "127.0.0.1"
STANDBY_HOST = "127.0.0.2"  # VMAPI knows addresses alone, so both have the same port
DATABASE = "shop"
MORE_DATABASES = ["crm", "hr"]


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def start_servers(directory, stack):
    """A primary under a little pgbench load, and its streaming standby."""
    primary = Postgres(directory, "primary", [HOST])
    stack.callback(primary.remove)
    primary.initialise().start()
    primary.psql(f"create database {DATABASE}")
    target = primary.url(DATABASE)
    process.run([BIN / "pgbench", "-i", "-q", "-s", "1", target])
    standby = primary.standby(listen=[STANDBY_HOST], port=primary.port)
    stack.callback(standby.remove)
    standby.start()
    load = process.spawn(
        [BIN / "pgbench", "-n", "-c", "2", "-R", "50", "-T", "1000000", target],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.stop, load)
    return primary, standby


class Datacenter:
    """A fake VMAPI that lists the servers; the standby's VM comes and goes."""

    def __init__(self, servers):
        self.vms = [make_vm(i, s.host, alias=s.name) for i, s in enumerate(servers)]
        self.vmapi = FakeVmapi(HOST, 0, self.vms).start()

    def options(self):
        tags = {"vm_tag_name": "manta_role", "vm_tag_value": "postgres", "nic_tag": "manta"}
        return {"url": self.vmapi.url, "pollInterval": 1000, "tags": tags}

    def list(self, count):
        self.vmapi.set(vms=self.vms[:count])


def console_socket(directory):
    """Where the daemon's console is; nowhere if the path is too long for a Unix socket."""
    path = str(directory / "console.sock")
    return path if len(path) < 108 else ""


def write_configuration(directory, servers, datacenter):
    port = free_port(HOST)
    file = directory / "pgstatsmon.json"
    config = {
        "interval": 1000,
        "target": {"ip": HOST, "port": port, "route": "/metrics"},
        "user": "pgstatsmon",
        "database": DATABASE,
        "console": {"socket": console_socket(directory)},
    }
    if datacenter:
        config |= {"backend_port": servers[0].port, "vmapi": datacenter.options()}
    else:
        dbs = [{"name": s.name, "ip": s.host, "port": s.port} for s in servers]
        config["static"] = {"dbs": dbs}
    file.write_text(json.dumps(config, indent=2))
    return file, f"http://{HOST}:{port}"


class Page:
    """Just enough of a parser for the demo's own labels."""

    LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.M)
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, url):
        with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        self.samples = [(n, dict(self.LABEL.findall(l)), v) for n, l, v in self.LINE.findall(text)]

    def label(self, name, key, **labels):
        """The label `key` of the first series that matches and is not 0."""
        return next((l[key] for l, v in self._find(name, labels) if v != "0"), "")

    def value(self, name, **labels):
        """The value of the first series that matches, or None."""
        return next((float(v) for _, v in self._find(name, labels)), None)

    def _find(self, name, labels):
        for found, have, value in self.samples:
            if found == name and labels.items() <= have.items():
                yield have, value


def delivered(url, daemon, names):
    """The page, once every backend has delivered data."""

    def check():
        if daemon.poll() is not None:
            raise Timeout(f"the daemon ended with exit code {daemon.returncode}")
        try:
            page = Page(url)
        except OSError:
            return None
        # Two polls: the first one includes what happens once in a connection's life.
        done = all(
            page.value("pg_up", backend=name) == 1
            and (page.value("pgstatsmon_poll_duration_seconds_count", backend=name) or 0) >= 2
            and page.value("pg_stat_database_xact_commit", backend=name, datname=DATABASE)
            for name in names
        )
        return page if done else None

    return wait_until(check, 30, f"data from {' and '.join(names)}", every=0.1)


def row(page, name):
    """What the table shows of one backend."""

    def whole(metric, **labels):
        value = page.value(metric, backend=name, **labels)
        return "-" if value is None else f"{value:,.0f}"

    role = page.label("pgstatsmon_backend_info", "role", backend=name)
    wal = "inserted" if role == "primary" else "replayed"
    spent = page.value("pgstatsmon_poll_duration_seconds_sum", backend=name)
    count = page.value("pgstatsmon_poll_duration_seconds_count", backend=name)
    return [
        name,
        role,
        whole("pgstatsmon_backend_series"),
        f"{1000 * spent / count:.1f} ms",
        whole("pg_stat_database_xact_commit", datname=DATABASE),
        whole("pg_relation_size_total_bytes", relname="pgbench_accounts"),
        whole(f"pg_recovery_wal_{wal}_bytes"),
    ]


def print_table(page, names):
    head = ["backend", "role", "series", "poll", "commits", "accounts, bytes", "WAL, bytes"]
    table = [head, *(row(page, name) for name in names)]
    widths = [max(map(len, column)) for column in zip(*table)]
    for cells in table:
        left = [cell.ljust(width) for cell, width in zip(cells[:2], widths)]
        right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:])]
        print("  ".join(left + right))


def known(url):
    """The backends on the page."""
    return {labels["backend"] for name, labels, _ in Page(url).samples if name == "pg_up"}


def show_discovery(url, datacenter, names):
    """Takes the last server out of VMAPI and puts it back, and the page follows."""
    say(f"{names[-1]} leaves VMAPI")
    datacenter.list(len(names) - 1)
    wait_until(lambda: known(url) == set(names[:-1]), 30, f"{names[-1]} leaves the page", 0.1)
    say(f"{names[-1]} has left the page; it comes back to VMAPI")
    datacenter.list(len(names))
    wait_until(lambda: known(url) == set(names), 30, f"{names[-1]} is on the page again", 0.1)
    say(f"{names[-1]} is on the page again")


def keep_showing(url, datacenter, names, daemon):
    """The same every ten seconds, until Ctrl-C or the daemon's end."""
    while True:
        try:
            return daemon.wait(10)
        except subprocess.TimeoutExpired:
            show_discovery(url, datacenter, names)


def share(binary, directory, once, stack, servers):
    """Three daemons share what the servers have."""
    for name in MORE_DATABASES:
        servers[0].psql(f"create database {name}")
    databases = [DATABASE, *MORE_DATABASES]
    wait_until(lambda: servers[1].psql("select count(*) from pg_database where datname = any"
                                       f"('{{{','.join(databases)}}}')") == str(len(databases)),
               30, "the standby has all databases", 0.1)
    backends = [{"name": f"{server.name}/{database}", "ip": server.host, "port": server.port,
                 "database": database} for server in servers for database in databases]
    say(f"running an etcd and three of {binary}")
    members = start_members(binary, directory, stack, backends, "pgstatsmon")
    show_sharing(members, [x["name"] for x in backends], once, say)


def demo(binary, once, vmapi, cluster, stack):
    directory = Path(tempfile.mkdtemp(prefix="pgstatsmon-demo-"))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    directory.chmod(0o711)  # the servers' user passes through it
    say("starting PostgreSQL: a primary, a standby and a little load")
    servers = start_servers(directory, stack)
    if cluster:
        return share(binary, directory, once, stack, servers)
    names = [server.name for server in servers]
    datacenter = Datacenter(servers) if vmapi else None
    if datacenter:
        stack.callback(datacenter.vmapi.stop)
    file, url = write_configuration(directory, servers, datacenter)
    log = directory / "pgstatsmon.log"
    with ExitStack() as files:
        output = files.enter_context(log.open("wb")) if once else None
        say(f"running {binary} {file}")
        daemon = process.spawn([binary, file], stdin=subprocess.DEVNULL, stderr=output)
    stack.callback(process.stop, daemon)
    if not once:
        say(f"look at {url}/ and {url}/metrics; Ctrl-C ends it all")
        if socket := console_socket(directory):
            say(f"or talk to it: {binary} console --socket {socket} watch top")
        code = keep_showing(url, datacenter, names, daemon) if datacenter else daemon.wait()
        raise Timeout(f"the daemon ended with exit code {code}")
    try:
        page = delivered(url, daemon, names)
        if datacenter:
            show_discovery(url, datacenter, names)
    except Timeout:
        sys.stderr.write(log.read_text(errors="replace"))
        raise
    print_table(page, names)


def end(*_):
    # Once is enough: what is being stopped is stopped in order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--once", action="store_true")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--vmapi", action="store_true")
    how.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        with ExitStack() as stack:
            demo(options.binary, options.once, options.vmapi, options.cluster, stack)
    except KeyboardInterrupt:
        say("all is stopped and removed")
        return 0
    except (OSError, RuntimeError, Timeout) as error:
        print(f"main/demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
