"""The page's door: TLS, passwords, and what bad clients may not do."""

import base64
import http.client
import json
import os
import resource
import select
import socket
import ssl
import subprocess
import threading
import time
import warnings
from pathlib import Path

import pytest
from harness import certificates
from harness.daemon import BINARY, backend, configuration, polls
from harness.network import address, free_port
from harness.waiting import wait_until

PASSWORD, OTHER = "open sesame", "new word"
# Of bcrypt's costs: quick, and usual (about 50 ms).
QUICK = "$2b$04$2eb4x9MMjHKXjnkJARl3BOUSOpQfodhy032qNJ5lnFlpNTkEg0.MW"
USUAL = "$2b$10$ZEk2E4snOGYwXCNBiEsfxOM08LeT0sqpBpe2.AgUhm8O2qRh7i/7O"
QUICK_OTHER = "$2b$04$rBAnjQIkVYUcqn4ZgJRLaOPTZpkQaOT50Y6rm6Pj8/Q1Q0CMoTk6."


def basic(user, password):
    coded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {coded}"}


def verified_by(ca, client=None):
    """A client that trusts `ca` and shows a certificate, if it has one."""
    context = ssl.create_default_context(cafile=str(ca))
    if client:
        context.load_cert_chain(*map(str, client))
    return context


def replace(path, content):
    """Writes a file as one should: by renaming."""
    new = path.with_suffix(".new")
    new.write_text(content)
    new.rename(path)


@pytest.fixture(scope="module")
def ca(directory):
    return certificates.authority(directory, "page-ca")


@pytest.fixture(scope="module")
def server(directory, ca):
    names = f"IP:{address()},DNS:localhost"
    return certificates.certificate(directory, ca, "page", names, usage="serverAuth")


@pytest.fixture(scope="module")
def clients(directory, ca):
    """Clients by what is wrong with them."""
    stranger = certificates.authority(directory, "stranger-ca")

    def make(name, authority=ca, **options):
        return certificates.certificate(directory, authority, f"client-{name}", **options)

    return {
        "none": None,
        "good": make("good", names="DNS:prometheus.example.com,IP:10.1.2.3,email:a@example.com"),
        "ended": make("ended", days=-1),
        "stranger": make("stranger", stranger),
        "for_servers": make("for_servers", usage="serverAuth"),
    }


def tls_config(server, **more):
    return {"cert_file": server[0].name, "key_file": server[1].name, **more}


class Door:
    """A web configuration and the daemon that follows it."""

    def __init__(self, directory, watch, config, backends=(), **options):
        self.file = directory / f"web-{free_port()}.yaml"
        self.write(config)
        web = {"config": self.file.name, **options.pop("web", {})}
        self.daemon = watch(list(backends), ready=False, web=web, **options)

    def write(self, config):
        replace(self.file, config if isinstance(config, str) else json.dumps(config))

    def ready(self, tls=None, headers=None):
        self.daemon.tls, self.daemon.headers = tls, headers or {}
        self.daemon.wait_ready()
        return self

    def get(self, path=None, **options):
        return self.daemon.get(path, **options)

    def status(self, user=None, password=None, path=None, **options):
        headers = basic(user, password) if user else {"Authorization": ""}
        return self.get(path, headers=headers, **options).status

    def lets_in(self, context):
        """Whether a client gets an answer; False when the handshake fails."""
        before, self.daemon.tls = self.daemon.tls, context
        try:
            return self.get().status == 200
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return False
        finally:
            self.daemon.tls = before


@pytest.fixture
def door(directory, watch):
    return lambda config, *backends, **options: Door(directory, watch, config, backends, **options)


USERS = {"basic_auth_users": {"alice": QUICK}}
ALICE = basic("alice", PASSWORD)

# -- passwords -------------------------------------------------------------------------------------


@pytest.fixture
def guarded(door):
    return door(USERS).ready(headers=ALICE)


def test_right_password(guarded):
    for _ in range(3):
        assert guarded.status("alice", PASSWORD) == 200


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !", "Basic YWxpY2U=", "Bearer x"]
    + [basic(*x)["Authorization"] for x in [("alice", "wrong"), ("bob", PASSWORD), ("", PASSWORD)]]
    + [basic(*x)["Authorization"] for x in [("alice", ""), ("Alice", PASSWORD)]]
    + [basic("alice", PASSWORD + "\0")["Authorization"]],
)
def test_wrong_password(guarded, header):
    answer = guarded.get(headers={"Authorization": header})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert answer.body == b"unauthorized\n"


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/nothing"])
def test_every_route_is_guarded(guarded, path):
    assert guarded.status(path=path) == 401
    assert guarded.status("alice", "wrong", path=path) == 401
    assert guarded.status("alice", PASSWORD, path=path) != 401


def test_body_with_wrong_password(guarded):
    noise = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nAuthorization: %s\r\n\r\n"
    for user, status in [("bob", b"401"), ("alice", b"405")]:
        header = basic(user, PASSWORD)["Authorization"].encode()
        with socket.create_connection((guarded.daemon.host, guarded.daemon.port), 10) as client:
            client.sendall(noise % header)
            assert client.recv(4096).split()[1] == status


def test_no_password_in_the_log(door):
    door = door(USERS, log={"level": "trace"}).ready(headers=ALICE)
    assert door.status("alice", "hunter2") == 401
    for secret in ["hunter2", PASSWORD, QUICK, ALICE["Authorization"].split()[1]]:
        assert secret not in door.daemon.log()


def test_guesses_delay_nobody(door, primary):
    """Four hosts guess as fast as they are answered; a client whose password is known waits for
    none of them, and polls go on."""
    config = {"basic_auth_users": {"alice": USUAL}}
    door = door(config, backend("one", primary)).ready(headers=ALICE)
    door.daemon.wait_up("one")
    end, seen = threading.Event(), []

    def guess(number):
        while not end.is_set():
            client = http.client.HTTPConnection(
                door.daemon.host, door.daemon.port, 30, source_address=(address(1 + number % 4), 0)
            )
            client.request("GET", "/", headers=basic("alice" if number % 2 else "bob", str(number)))
            seen.append(client.getresponse().status)
            client.close()

    before, begin = polls(door.daemon.scrape(), "one"), time.monotonic()
    threads = [threading.Thread(target=guess, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: 503 in seen and seen.count(401) > 20, 60, "the queue is full")
        times = []
        for _ in range(20):
            start = time.monotonic()
            assert door.get().status == 200
            times.append(time.monotonic() - start)
        after = polls(door.daemon.scrape(), "one")
        seconds = time.monotonic() - begin
    finally:
        end.set()
        for thread in threads:
            thread.join()
    print(f"good client: {sorted(times)[10]:.4f} s, at worst {max(times):.4f} s; {len(seen)} guesses")
    assert sorted(times)[10] < 0.5
    assert after - before > 0.5 * seconds / 0.2
    assert set(seen) == {401, 503}


# -- TLS -------------------------------------------------------------------------------------------

ALL = {"none", "good", "ended", "stranger", "for_servers"}


@pytest.mark.parametrize(
    "kind, welcome",
    [
        ("NoClientCert", ALL),
        ("RequestClientCert", ALL),
        ("RequireAnyClientCert", ALL - {"none"}),
        ("VerifyClientCertIfGiven", {"none", "good"}),
        ("RequireAndVerifyClientCert", {"good"}),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_auth_type(door, directory, ca, server, clients, kind, welcome, version):
    # With an authority a client may choose to show nothing that it did not sign.
    trusted = {} if kind in ("NoClientCert", "RequestClientCert") else {"client_ca_file": ca.name}
    config = {"tls_server_config": tls_config(server, client_auth_type=kind, **trusted)}
    door = door(config).ready(verified_by(ca, clients["good"]))
    for name, client in clients.items():
        context = verified_by(ca, client)
        context.minimum_version = context.maximum_version = version
        assert door.lets_in(context) == (name in welcome), name


@pytest.mark.parametrize(
    "name, welcome",
    [("prometheus.example.com", True), ("10.1.2.3", True), ("a@example.com", True)]
    + [("example.com", False), ("*", False)],
)
def test_allowed_names(door, ca, server, clients, name, welcome):
    strict = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": ca.name}
    config = tls_config(server, **strict, client_allowed_sans=[name])
    door = door({"tls_server_config": config})
    client = verified_by(ca, clients["good"])
    wait_until(lambda: door.daemon.lines("serving https"), 15, "it serves")
    assert door.lets_in(client) == welcome


def test_old_versions_are_refused(door, ca, server):
    door = door({"tls_server_config": tls_config(server)}).ready(verified_by(ca))
    old = verified_by(ca)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not door.lets_in(old)
    assert door.get().status == 200


def test_version_and_cipher(door, ca, server):
    suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    config = tls_config(server, max_version="TLS12", cipher_suites=[suite])
    door = door({"tls_server_config": config}).ready(verified_by(ca))
    with socket.create_connection((door.daemon.host, door.daemon.port), 10) as client:
        with verified_by(ca).wrap_socket(client, server_hostname=door.daemon.host) as session:
            assert session.version() == "TLSv1.2"
            assert session.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_http_on_the_tls_port(door, ca, server):
    door = door({"tls_server_config": tls_config(server)}).ready(verified_by(ca))
    begin = time.monotonic()
    assert not door.lets_in(None)
    assert time.monotonic() - begin < 2
    assert door.get().status == 200


def test_large_page(door, ca, server, primary):
    door = door({"tls_server_config": tls_config(server)}, backend("one", primary))
    door.ready(verified_by(ca))
    door.daemon.wait_up("one")
    plain = door.get().body
    assert len(plain) > 10_000
    assert door.get(headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"


def test_inline_certificates(door, ca, server, clients):
    config = {
        "cert": server[0].read_text(),
        "key": server[1].read_text(),
        "client_ca": ca.read_text(),
        "client_auth_type": "RequireAndVerifyClientCert",
    }
    door = door({"tls_server_config": config}).ready(verified_by(ca, clients["good"]))
    assert not door.lets_in(verified_by(ca))


def expiry(door):
    return door.daemon.scrape().value("pgstatsmon_web_certificate_expiry_timestamp_seconds")


def test_expiry(door, ca, server):
    """The metric exists with TLS alone, and a certificate that ends soon is said."""
    door = door({"tls_server_config": tls_config(server)}).ready(verified_by(ca))
    assert abs(expiry(door) - time.time() - 2 * 86400) < 3600
    assert len(door.daemon.lines("tls_server_config.cert_file", "ends soon")) == 1


def test_no_expiry_without_tls(door):
    assert expiry(door({"basic_auth_users": {}}).ready()) is None


# -- changes ---------------------------------------------------------------------------------------


def test_users_change(door):
    door = door(USERS).ready(headers=ALICE)
    door.write({"basic_auth_users": {"alice": QUICK_OTHER, "bob": QUICK}})
    wait_until(lambda: door.status("bob", PASSWORD) == 200, 10, "bob may come in")
    assert door.status("alice", PASSWORD) == 401
    assert door.status("alice", OTHER) == 200


def test_certificate_changes(door, directory, ca, server):
    names = f"IP:{address()}"
    first = certificates.certificate(directory, ca, "first", names, usage="serverAuth")
    second = certificates.certificate(directory, ca, "second", names, days=90, usage="serverAuth")
    door = door({"tls_server_config": tls_config(first)}).ready(verified_by(ca))
    before = expiry(door)
    for old, new in zip(first, second):
        new.rename(old)
    wait_until(lambda: expiry(door) > before + 80 * 86400, 10, "the new certificate is used")


def test_client_authority_changes(door, directory, ca, server, clients):
    authority = directory / "followed-ca.crt"
    authority.write_text(ca.read_text())
    strict = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": authority.name}
    config = {"tls_server_config": tls_config(server, **strict)}
    door = door(config).ready(verified_by(ca, clients["good"]))
    stranger = verified_by(ca, clients["stranger"])
    assert not door.lets_in(stranger)
    replace(authority, (directory / "stranger-ca.crt").read_text())
    wait_until(lambda: door.lets_in(stranger), 10, "the new authority is trusted")
    assert not door.lets_in(verified_by(ca, clients["good"]))


@pytest.mark.parametrize(
    "wrong, fault",
    [
        ("basic_auth_users:\n  alice: plain\n", ":2:10: basic_auth_users.alice: is no bcrypt hash"),
        ("", ": is empty"),
        ("{", "is neither YAML nor JSON"),
        ("tls_server_config: {cert_file: gone.crt, key_file: gone.key}", ":1:32: tls_server_config"),
    ],
)
def test_wrong_new_file(door, wrong, fault):
    """Each fault is logged once, and the old one stays; the next right one is followed."""
    door = door(USERS).ready(headers=ALICE)
    door.write(wrong)
    wait_until(lambda: door.get() and door.daemon.lines("is wrong", fault), 10, "it is logged")
    end = time.monotonic() + 2.5
    wait_until(lambda: door.status("alice", PASSWORD) != 200 or time.monotonic() > end, 10, "looks")
    assert door.status("alice", PASSWORD) == 200
    assert door.status() == 401
    assert len(door.daemon.lines("is wrong", fault)) == 1
    door.write({"basic_auth_users": {"bob": QUICK}})
    wait_until(lambda: door.status("bob", PASSWORD) == 200, 10, "bob may come in")


def test_a_file_that_comes_later(door, directory, ca, server):
    """A certificate that is named before it exists is taken when it is there."""
    late = directory / "late.crt"
    door = door({"basic_auth_users": {}}).ready()
    config = tls_config(server)
    door.write({"tls_server_config": {**config, "cert_file": late.name}})
    wait_until(lambda: door.get() and door.daemon.lines("is wrong", "late.crt"), 10, "it is missing")
    replace(late, server[0].read_text())
    wait_until(lambda: door.lets_in(verified_by(ca)) or (door.lets_in(None) and False), 10, "TLS")


def test_tls_on_and_off(door, ca, server):
    door = door({"basic_auth_users": {}}).ready()
    for secure in [True, False, True]:
        door.write({"tls_server_config": tls_config(server)} if secure else {"rate_limit": {}})
        right, wrong = (verified_by(ca), None) if secure else (None, verified_by(ca))
        wait_until(lambda: door.lets_in(right), 10, "it is switched")
        assert not door.lets_in(wrong)
    assert door.daemon.lines("TLS is on from now on")


def test_tls_on_with_guesses_waiting(door, ca, server):
    """Connections that wait for their password's check don't hold up the switch."""
    door = door({"basic_auth_users": {"alice": USUAL}}).ready(headers=ALICE)
    request = "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n"
    waiting = []
    for number in range(40):
        client = socket.create_connection(
            (door.daemon.host, door.daemon.port), 10, source_address=(address(1 + number % 8), 0)
        )
        client.sendall(request.format(basic("alice", str(number))["Authorization"]).encode())
        waiting.append(client)
    door.write({"tls_server_config": tls_config(server)})
    wait_until(lambda: door.lets_in(None) and False or door.lets_in(verified_by(ca)), 15, "TLS")
    for client in waiting:
        client.close()


# -- the rest of the format ------------------------------------------------------------------------


def test_headers(door):
    headers = {"X-Frame-Options": "deny", "Content-Security-Policy": "default-src 'self'"}
    door = door({**USERS, "http_server_config": {"headers": headers}}).ready(headers=ALICE)
    for answer in [door.get(), door.get(headers={"Authorization": ""}), door.get("/nothing")]:
        assert {name: answer.headers[name] for name in headers} == headers


def test_rate_limit(door):
    door = door({"rate_limit": {"interval": "1h", "burst": 3}})
    wait_until(lambda: door.daemon.lines("serving http"), 15, "it serves")
    assert [door.get().status for _ in range(5)] == [200, 200, 200, 429, 429]


def test_faults(directory):
    """Of the web configuration and of what it names: all of them, each with its place."""
    file = directory / "faulty.yaml"
    file.write_text(
        "tls_server_config:\n  cert_file: none.crt\n  client_auth_type: Always\n"
        "http_server_config:\n  headers:\n    Server: x\nbasic_auth_users:\n  alice: secret\n"
    )
    config = directory / "faulty-main.json"
    config.write_text(json.dumps(configuration([], web={"config": file.name})))
    for arguments in [["--check", config], [config]]:
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1
        lines = done.stderr.splitlines()
        assert [line.split(": ")[0] for line in lines] == [
            f"{file}:{place}" for place in ["2:3", "2:14", "3:21", "6:5", "8:10"]
        ]
        assert "secret" not in done.stderr


def test_check(directory, ca, server):
    file = directory / "right.yaml"
    file.write_text(json.dumps({"tls_server_config": tls_config(server), **USERS}))
    config = directory / "right-main.json"
    config.write_text(json.dumps(configuration([], web={"config": file.name})))
    done = subprocess.run([BINARY, "--check", config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    assert "page: https://" in done.stdout
    assert "TLS, no client certificates, passwords of 1 users" in done.stdout


@pytest.mark.parametrize("ip, warned", [("0.0.0.0", True), ("127.0.0.1", False), ("::1", False)])
def test_warning_without_a_door(watch, ip, warned):
    port = free_port(ip)
    daemon = watch([], ready=False, target={"ip": ip, "port": port})
    wait_until(lambda: daemon.lines("serving http"), 15, "it serves")
    daemon.stop()
    assert len(daemon.lines("served to other machines without TLS")) == (1 if warned else 0)


# -- bad clients -----------------------------------------------------------------------------------


def open_sockets(daemon):
    count = 0
    for fd in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        try:
            count += os.readlink(fd).startswith("socket:")
        except FileNotFoundError:  # closed just now
            pass
    return count


def test_a_handshake_that_never_ends(door, ca, server):
    web = {"timeout": 1000, "max_connections": 16}
    door = door({"tls_server_config": tls_config(server)}, web=web).ready(verified_by(ca))
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    begin = time.monotonic()
    clients = []
    for number in range(64):
        client = socket.create_connection((door.daemon.host, door.daemon.port), 10)
        client.sendall(hello[: number % len(hello)])
        clients.append(client)
    for client in clients:
        try:
            while client.recv(4096):
                pass
        except ConnectionResetError:
            pass
        client.close()
    assert time.monotonic() - begin < 10
    wait_until(lambda: door.lets_in(verified_by(ca)), 5, "served again")


def test_more_connections_are_refused(door):
    """At once, and not left waiting."""
    door = door(USERS, web={"max_connections": 8}).ready(headers=ALICE)
    with_place, refused = [], 0
    for _ in range(40):
        client = socket.create_connection((door.daemon.host, door.daemon.port), 10)
        client.settimeout(0.5)
        with_place.append(client)
    for client in with_place:
        ready, _, _ = select.select([client], [], [], 0.2)
        refused += bool(ready)
    assert 40 - refused <= 9
    for client in with_place:
        client.close()
    wait_until(door.daemon.answers, what="served again")


COUNT = 10_000


@pytest.fixture
def many_files():
    """Descriptors for both ends of so many connections; the daemon raises its own limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < COUNT + 2000:
        pytest.skip(f"the hard limit of open files is {before[1]}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class SlowClients:
    """They send a byte of a header now and then."""

    def __init__(self, host, port):
        self.sockets, self.gone = {}, 0
        self.poll = select.epoll()
        for number in range(COUNT):
            client = socket.socket()
            client.bind((address(1 + number % 8), 0))
            client.settimeout(30)
            try:
                client.connect((host, port))
                client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            except OSError:
                self.gone += 1
                client.close()
                continue
            client.setblocking(False)
            self.sockets[client.fileno()] = client
            self.poll.register(client.fileno(), select.EPOLLIN | select.EPOLLRDHUP)

    def push(self):
        """A byte from each that is still connected; how many there are."""
        for fd, _ in self.poll.poll(0, COUNT):
            self.poll.unregister(fd)
            self.sockets.pop(fd).close()
            self.gone += 1
        for client in self.sockets.values():
            try:
                client.send(b"x")
            except OSError:
                pass
        return len(self.sockets)


@pytest.mark.parametrize("limit", [512, 12_000])
def test_ten_thousand_slow_clients(door, primary, many_files, limit):
    web = {"max_connections": limit, "timeout": 3000}
    door = door(USERS, backend("one", primary), web=web).ready(headers=ALICE)
    door.daemon.wait_up("one")
    before, begin = polls(door.daemon.scrape(), "one"), time.monotonic()
    clients = SlowClients(door.daemon.host, door.daemon.port)
    connected = time.monotonic() - begin
    most = open_sockets(door.daemon)
    wait_until(lambda: clients.push() == 0, 60, lambda: f"{len(clients.sockets)} are there", 0.2)
    ended = time.monotonic() - begin
    again = time.monotonic()
    wait_until(door.daemon.answers, what="a good client is served")
    again = time.monotonic() - again
    page = door.daemon.scrape()
    done = polls(page, "one") - before
    memory = page.value("process_resident_memory_bytes") / (1 << 20)
    seconds = time.monotonic() - begin
    print(f"limit {limit}: {COUNT} connected in {connected:.1f} s, {most} sockets at most, all gone "
          f"after {ended:.1f} s, a good client served {again:.3f} s later, {done:.0f} polls in "
          f"{seconds:.1f} s, {memory:.0f} MiB")
    assert most < limit + 50
    assert ended - connected < 15
    assert again < 3
    assert done > 0.6 * seconds / 0.2
