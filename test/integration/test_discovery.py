"""Discovery against a faulty world: what is watched is what was believed last."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from harness.certificates import authority, server_certificate
from harness.daemon import BINARY
from harness.name_server import AAAA, SRV, A, NameServer, encoded
from harness.network import address, free_port
from harness.waiting import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fake_vmapi import FakeVmapi, make_vm  # noqa: E402

TAGS = {"vm_tag_name": "manta_role", "vm_tag_value": "*postgres", "nic_tag": "manta"}
QUERY = """
name: q
help: A query.
labels: [cluster]
metrics: [{column: n, type: gauge, help: A number.}]
versions: [{sql: "SELECT 'c1' AS cluster, 1 AS n"}]
"""
# Nothing listens on these backends: discovery is what is tested.
NOWHERE = address(63)


def fleet(count, first=0):
    return [make_vm(i, NOWHERE, alias=f"db{i}") for i in range(first, first + count)]


def vmapi(server, **more):
    """An entry of `vmapi`, quick enough for tests."""
    entry = {"url": server.url, "pollInterval": 200, "tags": TAGS, "request_timeout": 1000}
    return {**entry, "shrink": {"recheck": 1000}, **more}


@pytest.fixture
def fake():
    servers = []

    def start(vms=(), **options):
        servers.append(FakeVmapi(address(), 0, vms, **options).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def discover(directory):
    """Runs `pgstatsmon --discover --json`; returns the exit code and what it printed."""

    def run(**config):
        file = Path(directory) / f"discover-{free_port()}.json"
        file.write_text(json.dumps({"user": "pgstatsmon", **config}))
        done = subprocess.run([BINARY, "--discover", "--json", str(file)], capture_output=True,
                              text=True, timeout=120, check=False)
        assert not done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
def follow(watch):
    """Starts a daemon that has sources and no static list."""
    return lambda **options: watch([], static=None, connections={"connect_timeout": 500}, **options)


def known(page):
    return {labels["backend"] for labels, _ in page.find("pg_up")}


def names(count):
    return {f"db{i}" for i in range(count)}


def failures(page, reason, source="vmapi"):
    return page.value("pgstatsmon_discovery_failures_total", source=source, reason=reason)


def wait_known(daemon, wanted, timeout=60):
    return daemon.wait_for(lambda page: known(page) == wanted, timeout, f"{wanted} are known")


FAILURES = {
    "500": "status", "500-no-code": "status", "503": "status", "409": "status", "404": "status",
    "302-loop": "status", "302-away": "status", "close": "network", "reset": "network",
    "hang": "timeout", "slow-headers": "timeout", "slow-body": "timeout", "truncated": "network",
    "truncated-json": "body", "html": "body", "object": "body", "no-uuid": "body",
    "empty-count": "contradiction", "wrong-count": "contradiction", "large": "too_large",
    "large-headers": "too_large", "not-http": "network", "wrong-md5": "body",
}


def test_no_fault_drops_a_backend(fake, follow):
    server = fake(fleet(8))
    daemon = follow(vmapi=vmapi(server, max_body_bytes=1 << 20))
    page = wait_known(daemon, names(8))
    assert page.value("pgstatsmon_discovery_backends", source="vmapi") == 8
    for fault, reason in FAILURES.items():
        before = failures(daemon.scrape(), reason)
        server.set(fault=fault)
        page = daemon.wait_for(
            lambda page: failures(page, reason) > before, 20, f"{fault} is a {reason} failure"
        )
        assert known(page) == names(8), fault
        server.set(fault=None)
        good = page.value("pgstatsmon_discovery_last_success_timestamp_seconds", source="vmapi")
        daemon.wait_for(
            lambda page: page.value(
                "pgstatsmon_discovery_last_success_timestamp_seconds", source="vmapi"
            ) > good,
            20,
            f"recovery from {fault}",
        )
    assert page.value("pgstatsmon_discovery_changes_total", source="vmapi", change="removed") == 0


@pytest.mark.parametrize(
    "fault",
    ["302", "gzip", "md5", "duplicates", "overlap", "no-count", "short-pages"],
)
def test_quirks_do_no_harm(fake, discover, fault):
    server = fake(fleet(8))
    server.set(fault=fault)
    code, found = discover(vmapi=vmapi(server))
    assert code == 0
    assert {x["name"] for x in found["backends"]} == names(8)


@pytest.mark.parametrize("fault", ["vanish", "appear", "ignore-marker"])
def test_pages_that_contradict_each_other_are_asked_for_again(fake, discover, fault):
    server = fake(fleet(1500))
    server.set(fault={"name": fault, "times": 2})
    code, found = discover(vmapi=vmapi(server, request_timeout="20s"))
    assert (code, len(found["backends"])) == (0, 1500), found["failed"]
    server.set(fault=fault)
    code, found = discover(vmapi=vmapi(server, request_timeout="20s"))
    assert (code, found["failed"][0]["reason"]) == (1, "contradiction")


def test_a_gzip_bomb_is_cut_off(fake, discover):
    server = fake(fleet(1))
    server.set(fault="gzip-bomb")
    code, found = discover(vmapi=vmapi(server, request_timeout="20s", max_body_bytes=1 << 20))
    assert (code, found["failed"][0]["reason"]) == (1, "too_large")


def test_2500_vms_come_in_three_pages(fake, discover):
    server = fake(fleet(2500))
    code, found = discover(vmapi=vmapi(server, request_timeout="20s"))
    assert code == 0
    assert {x["name"] for x in found["backends"]} == names(2500)
    urls = [x["url"] for x in server.requests()]
    assert len(urls) == 3
    assert ["marker=" in url for url in urls] == [False, True, True]


def test_an_odd_vm_touches_no_other(fake, discover):
    odd = fleet(14)
    for i, change in enumerate([
        {"alias": None}, {"nics": None}, {"tags": None}, {"tags": {"other": "postgres"}},
        {"state": "unknown", "filter_state": "running"}, {"tags": {"manta_role": True}},
        {"tags": {"manta_role": "moray", "foo": "my-postgres"}}, {"alias": "db13"},
    ]):
        odd[i] |= change
    for i, ip in ((8, ""), (9, "dhcp"), (10, "fd00::1")):
        odd[i]["nics"][1]["ip"] = ip
    del odd[11]["nics"][1]["ip"]
    del odd[12]["nics"][1]["nic_tag"]
    code, found = discover(vmapi=vmapi(fake(odd)), roles={"postgres": {"database": "moray"}})
    assert code == 0
    backends = {x["name"]: x for x in found["backends"]}
    # Which of the two called db13 keeps the short name is a matter of uuids.
    long_name = f"db13@{NOWHERE}:5432"
    assert set(backends) == {odd[0]["uuid"], "db10", "db13", long_name}
    assert backends["db10"]["address"] == "fd00::1"
    assert {x["database"] for x in backends.values()} == {"moray"}
    reasons = {x["what"].split()[1]: x["reason"] for x in found["rejected"]}
    expected = {4: "state", 6: "tag", 8: "address", 9: "address", 11: "address", 12: "nic"}
    expected[1] = "nic"
    assert reasons == {odd[i]["uuid"]: reason for i, reason in expected.items()}


def test_two_nics_are_one_backend_and_the_primary_wins(fake, discover):
    vm = make_vm(1, "127.0.0.9", alias="db1")
    first = {**vm["nics"][1], "ip": "127.0.0.8", "primary": False, "nic_tag": "mantanat"}
    vm["nics"].insert(0, first)
    _, found = discover(vmapi=vmapi(fake([vm])))
    assert [x["address"] for x in found["backends"]] == ["127.0.0.9"]


def test_an_empty_list_needs_a_second_look(fake, follow):
    server = fake(fleet(8))
    daemon = follow(vmapi=vmapi(server))
    wait_known(daemon, names(8))
    asked = len(server.requests())
    server.set(fault={"name": "empty", "times": 1})
    # Three more good answers, and nothing was lost.
    wait_until(lambda: len(server.requests()) > asked + 4, 20, "the second look")
    page = daemon.scrape()
    assert known(page) == names(8)
    assert page.value("pgstatsmon_discovery_changes_total", source="vmapi", change="removed") == 0
    server.set(vms=fleet(1))
    daemon.wait_for(
        lambda page: page.value("pgstatsmon_discovery_doubted", source="vmapi") == 1, 20, "doubt"
    )
    page = wait_known(daemon, names(1))
    assert page.value("pgstatsmon_discovery_changes_total", source="vmapi", change="removed") == 7


def test_a_hanging_vmapi_touches_no_other(fake, follow):
    servers = [fake(fleet(2, 10 * i)) for i in range(3)]
    servers[1].set(fault="hang")
    daemon = follow(vmapi=[
        vmapi(server, name=f"dc{i}", labels={"datacenter": f"dc{i}"}, request_timeout="60s")
        for i, server in enumerate(servers)
    ])
    wait_known(daemon, {"db0", "db1", "db20", "db21"})
    servers[0].set(vms=fleet(3))
    page = wait_known(daemon, {"db0", "db1", "db2", "db20", "db21"})
    assert page.value("pg_up", backend="db20", datacenter="dc2") == 0
    assert page.value("pgstatsmon_discovery_backends", source="dc1") == 0
    # Ending does not wait for the one that hangs.
    daemon.stop(timeout=15)


def test_a_restart_during_an_outage_keeps_watching(fake, follow, directory):
    server = fake(fleet(5))
    state = str(Path(directory) / f"state-{free_port()}")
    first = follow(vmapi=vmapi(server), state_dir=state)
    wait_known(first, names(5))
    kept = Path(state) / "discovery-vmapi.json"
    wait_until(lambda: kept.exists() and "db4" in kept.read_text(), 10, "the list is kept")
    first.stop()
    server.set(fault="503")
    second = follow(vmapi=vmapi(server), state_dir=state)
    page = wait_known(second, names(5))
    assert page.value("pgstatsmon_discovery_from_state", source="vmapi") == 1
    server.set(fault=None, vms=fleet(6))
    page = wait_known(second, names(6))
    assert page.value("pgstatsmon_discovery_from_state", source="vmapi") == 0


def test_a_role_change_moves_the_backend_to_another_database(fake, follow, cluster):
    server = cluster("roles").start()
    server.role()
    server.psql("create database moray")
    server.psql("create database buckets")
    vm = make_vm(1, server.host, alias="db1")
    source = fake([vm])
    roles = {"postgres": {"database": "moray"}, "buckets-postgres": {"database": "buckets"}}
    daemon = follow(vmapi=vmapi(source), roles=roles, backend_port=server.port)
    daemon.wait_up("db1")
    databases = "select string_agg(datname, ',') from pg_stat_activity where usename = 'pgstatsmon'"
    assert server.psql(databases) == "moray"
    source.set(vms=[{**vm, "tags": {"manta_role": "buckets-postgres"}}])
    wait_until(lambda: server.psql(databases) == "buckets", 20, "the other database")
    daemon.wait_up("db1")


def test_churn_leaves_nothing_behind(fake, follow, cluster):
    server = cluster("churn", listen=[address(i) for i in range(12)]).start()
    server.role()
    vms = [make_vm(i, address(i), alias=f"db{i}") for i in range(12)]
    source = fake(vms[:6])
    shrink = {"below": 0, "recheck": 100}
    daemon = follow(vmapi=vmapi(source, shrink=shrink), backend_port=server.port)
    daemon.wait_up(*names(6))
    pid = daemon.process.pid
    before = len(os.listdir(f"/proc/{pid}/fd"))
    for turn in range(20):
        chosen = [vms[(turn * 5 + i * 7) % 12] for i in range(6)]
        source.set(vms=list({vm["uuid"]: vm for vm in chosen}.values()))
        asked = len(source.requests())
        wait_until(lambda: len(source.requests()) >= asked + 2, 20, "the next list")
    source.set(vms=vms[:6])
    page = wait_known(daemon, names(6))
    daemon.wait_up(*names(6))
    wait_until(lambda: server.sessions_of() == 6, 20, "six sessions")
    # Connections to VMAPI and to us come and go.
    wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before + 4, 20, "no descriptor stays")
    page = daemon.scrape()
    series = {labels["backend"] for _, labels, _ in page.samples if "backend" in labels}
    assert series == names(6)


def test_https_and_basic_auth(fake, discover, directory):
    place = Path(directory) / f"vmapi-{free_port()}"
    place.mkdir()
    ca = authority(place)
    server_certificate(place, ca, address())
    tls = (place / "server.crt", place / "server.key", None)
    server = fake(fleet(1), tls=tls, auth="watcher:secret:with:colons")
    secret = Path(directory) / f"secret-{free_port()}"
    secret.write_text("watcher:secret:with:colons\n")
    good = {"ca_file": str(ca), "basic_auth_file": str(secret)}
    code, found = discover(vmapi=vmapi(server, **good))
    assert code == 0, found
    code, found = discover(vmapi=vmapi(server, basic_auth_file=str(secret)))
    assert found["failed"][0]["reason"] == "tls"
    code, found = discover(vmapi=vmapi(server, ca_file=good["ca_file"]))
    assert found["failed"][0]["reason"] == "status"
    assert "secret" not in json.dumps(found)


def test_nothing_of_the_environment_becomes_a_proxy(fake, directory):
    server = fake(fleet(1))
    file = Path(directory) / f"proxy-{free_port()}.json"
    file.write_text(json.dumps({"vmapi": vmapi(server)}))
    nowhere = f"http://{address()}:{free_port()}"
    variables = {name: nowhere for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
    done = subprocess.run([BINARY, "--discover", str(file)], capture_output=True, text=True,
                          timeout=30, env={**os.environ, **variables}, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 backend, 0 rejected, 0 of 1 source failed" in done.stdout


# -- files and http_sd -------------------------------------------------------------------------------


def test_a_file_is_followed_and_a_broken_one_is_not(follow, directory):
    path = Path(directory) / f"list-{free_port()}" / "backends.yaml"
    path.parent.mkdir()

    def write(text):
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    write(f"- targets: ['{NOWHERE}:1', '{NOWHERE}:2']\n  labels: {{rack: r1}}\n")
    daemon = follow(file={"path": str(path)})
    wait_known(daemon, {f"{NOWHERE}:1", f"{NOWHERE}:2"})
    write(f"- targets: ['{NOWHERE}:1']\n- {{name: other, ip: {NOWHERE}, port: 3}}\n")
    wait_known(daemon, {f"{NOWHERE}:1", "other"})
    write("- targets: x\n")
    page = daemon.wait_for(
        lambda page: failures(page, "body", "file") >= 1, 20, "the file is broken"
    )
    assert known(page) == {f"{NOWHERE}:1", "other"}
    assert daemon.lines(f"{path}:1:12: [0].targets: is a string, expected a list")
    write(f"- {{name: other, ip: {NOWHERE}, port: 3}}\n")
    wait_known(daemon, {"other"})


def test_http_sd(discover, fake):
    server = fake()
    groups = [{"targets": ["db1:5433", "no target"], "labels": {"rack": "r1", "__meta_x": "y"}}]
    server.set(documents={"/targets": groups, "/wrong": {"targets": []}})
    code, found = discover(http_sd={"url": server.url + "/targets?token=secret"})
    assert code == 0
    (backend,) = found["backends"]
    assert (backend["name"], backend["address"], backend["port"]) == ("db1:5433", "db1", 5433)
    assert backend["labels"] == {"rack": "r1"}
    assert [x["reason"] for x in found["rejected"]] == ["address"]
    code, found = discover(http_sd={"url": server.url + "/wrong?token=secret"})
    problem = f"{server.url}/wrong:1:1: is an object, expected a list: of {{name, ip}}, or of {{targets, labels}}"
    assert found["failed"] == [{"source": "http_sd", "reason": "body", "because": problem}]


# -- DNS -----------------------------------------------------------------------------------------------


@pytest.fixture
def name_server():
    server = NameServer(address())
    yield server
    server.stop()


def test_srv_records_become_backends(name_server, discover):
    name = "_postgresql._tcp.example.test"
    name_server.table = {
        (name, SRV): [(5433, "db2.example.test"), (5432, "db1.example.test"), (1, ".")],
        ("none.example.test", A): ["10.0.0.1"],
    }
    names = [name, "gone.example.test", "none.example.test"]
    code, found = discover(dns={"names": names, "server": name_server.address})
    assert code == 0
    assert [(x["address"], x["port"]) for x in found["backends"]] == [
        ("db1.example.test", 5432), ("db2.example.test", 5433)
    ]
    assert {x["what"] for x in found["rejected"]} == {"gone.example.test", "none.example.test"}
    name_server.broken = True
    code, found = discover(dns={"names": names, "server": name_server.address})
    assert (code, found["failed"][0]["reason"]) == (1, "dns")


def test_addresses_are_resolved_again(name_server, follow):
    name = "db.example.test"
    name_server.table = {(name, A): ["127.0.0.8"], (name, AAAA): ["::1"]}
    daemon = follow(dns={"names": [name], "type": "a", "server": name_server.address,
                         "poll_interval": 200}, backend_port=1)
    wait_known(daemon, {"127.0.0.8", "::1"})
    name_server.table = {(name, A): ["127.0.0.8", "127.0.0.9"], (name, AAAA): []}
    wait_known(daemon, {"127.0.0.8", "127.0.0.9"})
    name_server.broken = True
    page = daemon.wait_for(lambda page: failures(page, "dns", "dns") >= 1, 20, "a DNS failure")
    assert known(page) == {"127.0.0.8", "127.0.0.9"}


def test_a_name_that_fails_costs_itself_alone(name_server, follow):
    name_server.table = {("one.test", A): ["127.0.0.8"], ("two.test", A): ["127.0.0.9"],
                         ("two.test", AAAA): ["::1"], ("gone.test", A): ["127.0.0.10"]}
    names = ["one.test", "two.test", "gone.test"]
    daemon = follow(dns={"names": names, "type": "a", "server": name_server.address,
                         "poll_interval": 200}, backend_port=1)
    wait_known(daemon, {"127.0.0.8", "127.0.0.9", "::1", "127.0.0.10"})
    name_server.failing = {"one.test", ("two.test", AAAA)}
    name_server.table = {("one.test", A): [], ("two.test", A): ["127.0.0.11"],
                         ("two.test", AAAA): []}
    page = wait_known(daemon, {"127.0.0.8", "127.0.0.11", "::1"})
    assert failures(page, "dns", "dns") == 0
    rejected = "pgstatsmon_discovery_rejected_total"
    assert page.value(rejected, source="dns", reason="address") == 1
    assert page.value(rejected, source="dns", reason="lookup") >= 2
    assert daemon.lines("two.test (AAAA) rejected (lookup)", "its last answer stays")
    name_server.failing = set()
    wait_known(daemon, {"127.0.0.11"})


@pytest.mark.parametrize("odd", ["search .", "search . good.test", "options ndots:15", "search ..a"])
@pytest.mark.parametrize("how", ["environment", "file"])
def test_odd_search_domains_change_nothing(name_server, directory, odd, how):
    """The system's resolver configuration, as c-ares reads it."""
    name_server.table = {("there.test", A): ["127.0.0.8"], ("short.good.test", A): ["127.0.0.9"]}
    names = ["there.test", "gone.test", "x" * 60 + "." + ".".join(["y" * 60] * 3), "short"]
    file = directory / f"odd-{free_port()}.json"
    config = {"names": names, "type": "a", "server": name_server.address}
    file.write_text(json.dumps({"user": "x", "dns": config}))
    word, _, value = odd.partition(" ")
    environment = dict(os.environ)
    command = [BINARY, "--discover", "--json", str(file)]
    if how == "environment":
        environment["LOCALDOMAIN" if word == "search" else "RES_OPTIONS"] = value
    elif os.geteuid() == 0:
        resolv = directory / "resolv.conf"
        resolv.write_text(f"nameserver 127.0.0.1\n{odd}\n")
        inner = f"mount --bind {resolv} /etc/resolv.conf && exec \"$@\""
        command = ["unshare", "--mount", "sh", "-c", inner, "sh", *command]
    else:
        pytest.skip("another resolv.conf takes root")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                          env=environment)
    found = json.loads(done.stdout)
    assert (done.returncode, found["failed"]) == (0, [])
    wanted = {"127.0.0.8"} | ({"127.0.0.9"} if "good.test" in odd else set())
    assert {x["address"] for x in found["backends"]} == wanted
    rest = set(names) - {"there.test"} - ({"short"} if "good.test" in odd else set())
    assert {x["what"].split()[0] for x in found["rejected"]} == rest


def answer(question, flags, *records):
    head = struct.pack("!HHHHH", 0x8180 | flags, 1, len(records), 0, 0)
    return head + question + b"".join(records)


def record(kind, value, name=b"\xc0\x0c"):
    return name + struct.pack("!HHIH", kind, 1, 0, len(value)) + value


LOOP = {
    # A CNAME of itself, a circle, an answer that says to use TCP, one that is cut off, records of
    # another name, no records, a pointer to itself.
    "itself": lambda q: answer(q, 0, record(5, b"\xc0\x0c")),
    "circle": lambda q: answer(q, 0, record(5, encoded("b.test")),
                               record(5, encoded("itself.test"), encoded("b.test"))),
    "truncated": lambda q: answer(q, 0x200),
    "cut": lambda q: answer(q, 0, record(1, b"\x7f\0\0\x08"))[:-3],
    "empty": lambda q: answer(q, 0),
    "pointer": lambda q: answer(q, 0, record(1, b"\x7f\0\0\x08", b"\xff\xff")),
}


@pytest.mark.parametrize("kind", [A, SRV])
def test_odd_answers_cost_their_own_name(name_server, discover, kind):
    name_server.table = {(f"{name}.test", kind): make for name, make in LOOP.items()}
    name_server.table["good.test", kind] = [(5432, "db1.test")] if kind == SRV else ["127.0.0.8"] * 2
    name_server.ttl = 0
    code, found = discover(dns={"names": [f"{name}.test" for name in [*LOOP, "good"]],
                                "type": "srv" if kind == SRV else "a",
                                "server": name_server.address})
    assert (code, found["failed"]) == (0, [])
    assert [x["name"] for x in found["backends"]] == ["db1.test" if kind == SRV else "127.0.0.8"]
    assert {x["what"].split(".")[0] for x in found["rejected"]} == set(LOOP)


@pytest.mark.parametrize("kind", [A, SRV])
def test_who_asks_for_tcp_that_is_refused_costs_itself(name_server, discover, kind):
    """Also names that are still waited for then."""
    name_server.table = {("truncated.test", kind): LOOP["truncated"]}
    name_server.table["good.test", kind] = [(5432, "db1.test")] if kind == SRV else ["127.0.0.8"]
    name_server.slow = {"good.test": 0.3}
    code, found = discover(dns={"names": ["truncated.test", "good.test"],
                                "type": "srv" if kind == SRV else "a",
                                "server": name_server.address})
    assert (code, found["failed"]) == (0, [])
    assert [x["name"] for x in found["backends"]] == ["db1.test" if kind == SRV else "127.0.0.8"]
    assert {x["what"].split(".")[0] for x in found["rejected"]} == {"truncated"}


def test_odd_srv_records_cost_themselves(name_server, discover):
    long = ".".join(["z" * 50] * 4)
    odd = [(1, "."), (0, "zero.test"), (5432, "a b.test"), (5432, "-x.test"), (5432, "a/b.test"),
           (5432, "@x.test"), (5432, long), (5432, "good.test"), (5432, "good.test"), (5432, "xn--bcher-kva.test")]
    name_server.table = {("srv.test", SRV): odd}
    code, found = discover(dns={"names": ["srv.test"], "server": name_server.address})
    assert code == 0
    assert [x["name"] for x in found["backends"]] == ["good.test", "xn--bcher-kva.test", long]
    assert len(found["rejected"]) == 5
    assert {x["reason"] for x in found["rejected"]} == {"address"}


def test_a_silent_name_costs_its_own_time(name_server, follow):
    name_server.table = {("one.test", A): ["127.0.0.8"], ("two.test", A): ["127.0.0.9"]}
    name_server.silent = {"two.test"}
    daemon = follow(dns={"names": ["one.test", "two.test"], "type": "a",
                         "server": name_server.address, "poll_interval": 200}, backend_port=1)
    wait_known(daemon, {"127.0.0.8"}, timeout=30)
    name_server.silent = set()
    wait_known(daemon, {"127.0.0.8", "127.0.0.9"}, timeout=30)


# -- two databases, and labels ------------------------------------------------------------------------


def test_two_databases_of_one_server_are_two_backends(discover, follow, directory):
    where = f"{NOWHERE}:5432"
    groups = [{"targets": [where], "labels": {"__database__": name}} for name in ("da", "db", "da")]
    entries = [{"name": "s", "ip": NOWHERE, "database": name} for name in ("da", "db")]
    path = directory / "two.json"
    path.write_text(json.dumps(groups + entries))
    code, found = discover(file={"path": str(path)})
    assert code == 0
    wanted = {where: "da", f"{where}/db": "db", "s": "da", "s/db": "db"}
    assert {x["name"]: x["database"] for x in found["backends"]} == wanted
    assert [x["reason"] for x in found["rejected"]] == ["duplicate"]
    daemon = follow(file={"path": str(path)})
    wait_known(daemon, set(wanted))
    assert len(daemon.lines("rejected (duplicate)")) == 1
    # One leaves, and the other keeps its name.
    path.write_text(json.dumps(groups[1:2]))
    wait_known(daemon, {f"{where}/db"})


def test_two_databases_of_one_static_server_are_what_check_says(watch, directory):
    entries = [{"name": "s", "ip": NOWHERE, "port": 1, "database": name} for name in ("da", "db")]
    daemon = watch([*entries, {"name": "s", "ip": address(62), "port": 1}])
    done = subprocess.run([BINARY, "--check", str(daemon.file)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0
    wait_known(daemon, {"s", "s/db", f"s@{address(62)}:1"})
    for name in ("s/db", f"s@{address(62)}:1"):
        assert f"its backend label is {name}\n" in done.stderr
    # The same server and database again is a fault, said once.
    config = json.loads(daemon.file.read_text())
    config["static"]["dbs"].append(entries[1])
    other = directory / "twice.json"
    other.write_text(json.dumps(config))
    done = subprocess.run([BINARY, "--check", str(other)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("is the same server and database as") == 1


def test_labels_that_would_be_doubled_are_refused_and_the_rest_is_served(
    primary, watch, directory, discover
):
    """By --check, by a reload, and target by target."""
    queries = directory / "doubled"
    queries.mkdir()
    (queries / "q.yaml").write_text(QUERY)
    path = directory / "doubled.json"
    groups = [{"targets": [f"{NOWHERE}:1"], "labels": {"cluster": "east"}},
              {"targets": [f"{NOWHERE}:2"], "labels": {"role": "db"}},
              {"targets": [f"{primary.host}:{primary.port}"], "labels": {"source": "cmdb"}}]
    path.write_text(json.dumps(groups))
    daemon = watch([], static=None, file={"path": str(path)}, queries=str(queries))
    page = daemon.wait_for(lambda page: page.find("q_n"), 20, "the query's rows")
    assert known(page) == {f"{primary.host}:{primary.port}"}
    assert page.value("q_n", source="cmdb", cluster="c1") == 1
    rejected = "pgstatsmon_discovery_rejected_total"
    assert page.value(rejected, source="file", reason="label") == 2
    assert daemon.lines("rejected (label)", "'cluster' is a label of the query q")
    assert daemon.lines("rejected (label)", "'role' is a label of our own metrics")
    config = json.loads(daemon.file.read_text())
    for metadata, why in [({"cluster": "east"}, "is a label of the query q"),
                          ({"role": "db"}, "is a label of our own metrics"),
                          ({"compiler": "x"}, "is a label of our own metrics")]:
        (label,) = metadata
        config["target"]["metadata"] = metadata
        daemon.file.write_text(json.dumps(config, indent=1))
        done = subprocess.run([BINARY, "--check", str(daemon.file)], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1
        line = 1 + daemon.file.read_text().split("\n").index(f'   "{label}": "{metadata[label]}"')
        assert f"{daemon.file}:{line}:{8 + len(label)}: target.metadata.{label}: {why}" in done.stderr
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda w=f"target.metadata.{label}": daemon.lines("the old one stays", w), 20)
    assert daemon.scrape().value("pgstatsmon_build_info") == 1


def test_a_query_that_takes_a_targets_label_costs_that_target(primary, watch, directory):
    queries = directory / "taking"
    queries.mkdir()
    (queries / "q.yaml").write_text(QUERY.replace("cluster", "other"))
    path = directory / "taking.json"
    entries = [{"name": name, "ip": primary.host, "port": primary.port, "labels": labels}
               for name, labels in [("a", {"cluster": "east"}), ("b", {"zone": "1"})]]
    path.write_text(json.dumps(entries))
    daemon = watch([], static=None, file={"path": str(path)}, queries=str(queries))
    daemon.wait_up("a", "b")
    (queries / "q.yaml").write_text(QUERY)
    daemon.process.send_signal(signal.SIGHUP)
    page = daemon.wait_for(lambda page: known(page) == {"b"}, 20, "a is gone")
    page = daemon.wait_for(lambda page: page.find("q_n", cluster="c1"), 20, "the new query's rows")
    assert page.value("q_n", cluster="c1", zone="1") == 1


# -- a new configuration -------------------------------------------------------------------------------


def test_sources_come_and_go_with_the_configuration(fake, follow):
    server = fake(fleet(2))
    daemon = follow(vmapi=vmapi(server))
    wait_known(daemon, names(2))
    config = json.loads(daemon.file.read_text())
    other = fake(fleet(2, 5))
    config["vmapi"] = [config["vmapi"], vmapi(other, name="second")]
    daemon.file.write_text(json.dumps(config))
    daemon.process.send_signal(signal.SIGHUP)
    wait_known(daemon, {"db0", "db1", "db5", "db6"})
    config["vmapi"] = config["vmapi"][1:]
    daemon.file.write_text(json.dumps(config))
    daemon.process.send_signal(signal.SIGHUP)
    page = wait_known(daemon, {"db5", "db6"})
    assert not page.find("pgstatsmon_discovery_backends", source="vmapi")
