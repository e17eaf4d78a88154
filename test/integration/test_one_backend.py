"""Pages of one backend, of some queries, and the list of targets: what is asked for, and by whom."""

import gzip
import json
import random
import select
import socket
import ssl
from urllib.parse import quote, urlencode

import pytest
from harness import certificates
from harness.daemon import BY_ORDER, backend
from harness.network import address
from harness.page import Page
from harness.waiting import wait_until

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NAMES = ["one", "with a blank", "100%", "%41", "größe €", "a/b", "a+b?c=d&e#f", "../x", "..",
         '"quoted"', "a//b/"]
# "open sesame", by bcrypt at its quickest.
HASH = "$2b$04$2eb4x9MMjHKXjnkJARl3BOUSOpQfodhy032qNJ5lnFlpNTkEg0.MW"
ALICE = {"Authorization": "Basic YWxpY2U6b3BlbiBzZXNhbWU="}


@pytest.fixture(scope="module")
def primary(cluster):
    """One server, at an address for each name."""
    server = cluster(listen=[address(i) for i in range(1, len(NAMES) + 1)]).start()
    server.role()
    return server


def entries(primary, names):
    return [{"name": name, "ip": host, "port": primary.port}
            for name, host in zip(names, primary.listen)]


@pytest.fixture
def daemon(primary, watch):
    daemon = watch(entries(primary, NAMES), interval=BY_ORDER)
    daemon.wait_up(*NAMES)
    # The clusters are looked at once a second.
    member = "pgstatsmon_cluster_member_info"
    daemon.wait_for(lambda page: page.total(member) == len(NAMES))
    return daemon


def page(daemon, path, **options):
    answer = daemon.get(path, **options)
    assert (answer.status, answer.headers["Content-Type"]) == (200, CONTENT_TYPE), answer.body
    return Page(answer.body.decode())


def series(of):
    return {(name, tuple(sorted(labels.items()))) for name, labels, _ in of.samples}


def own_paths(name):
    """Every way to one backend's page."""
    return [f"/metrics/backends/{quote(name, safe='')}", f"/metrics/backends/{quote(name)}",
            f"/metrics?{urlencode({'backend': name})}", f"/probe?{urlencode({'target': name})}"]


def test_each_backend_alone(daemon):
    whole = daemon.scrape()
    together = series(page(daemon, "/metrics/daemon"))
    for name in NAMES:
        pages = [page(daemon, path) for path in own_paths(name)]
        assert {labels["backend"] for _, labels, _ in pages[0].samples} == {name}
        assert pages[0].value("pg_up", backend=name) == 1
        assert pages[0].find("pg_stat_bgwriter_buffers_alloc", backend=name)
        for other in pages[1:]:
            assert series(other) == series(pages[0])
        together |= series(pages[0])
    assert together == series(whole)


def test_some_backends_and_queries(daemon):
    some = page(daemon, "/metrics?backend=one&backend=a/b&backend=gone&collect[]=pg_stat_database"
                        "&collect%5B%5D=pg_stat_bgwriter")
    assert {labels["backend"] for _, labels, _ in some.samples} == {"one", "a/b"}
    data = {name for name in some.types if name.startswith("pg_stat_")}
    assert data and all(name.startswith(("pg_stat_database_", "pg_stat_bgwriter_"))
                        for name in data)
    assert set(some.types) - data == {"pg_up"}
    assert series(some) < series(daemon.scrape())


@pytest.mark.parametrize("path, status, sentence", [
    ("/metrics/backends/two", 404, "no backend is called 'two'"),
    ("/metrics/backends/", 404, "no backend is called ''"),
    ("/metrics/backends/one/", 404, "no backend is called 'one/'"),
    ("/metrics/backends/one%00", 404, r"no backend is called 'one\x00'"),
    ("/metrics?backend=two&backend=three", 404, "no backend is called 'two'"),
    ("/metrics?collect[]=pg_stat_databse", 400, "no query is called 'pg_stat_databse'"),
    ("/metrics/backends/one?collect[]=x%0Ay", 400, r"no query is called 'x\ny'"),
    ("/probe", 400, "one backend has to be named: /probe?target=NAME"),
    ("/probe?target=", 400, "one backend has to be named: /probe?target=NAME"),
])
def test_mistakes(daemon, path, status, sentence):
    answer = daemon.get(path)
    assert (answer.status, answer.body.decode()) == (status, sentence + "\n")


def test_probes_connect_to_nobody(primary, watch):
    daemon = watch([backend("one", primary)], interval=BY_ORDER)
    daemon.wait_up("one")
    with socket.create_server((address(), 0)) as server:
        target = "{}:{}".format(*server.getsockname())
        for name in (target, f"postgres://{target}/postgres", f"host={address()}"):
            assert daemon.get("/probe?" + urlencode({"target": name})).status == 404
        assert daemon.get(f"/metrics?backend={target}").status == 404
        # What was answered is done with: whoever connects has connected by now.
        assert not select.select([server], [], [], 0)[0]
    assert primary.sessions_of() == 1


def test_compressed_and_heads(daemon):
    for path in [*own_paths("one"), "/metrics?collect[]=pg_stat_database", "/metrics/daemon",
                 "/api/v1/sd"]:
        packed = daemon.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body)
        head = daemon.get(path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert daemon.get(path, method="POST").status == 405


def targets(daemon, **options):
    answer = daemon.get("/api/v1/sd", **options)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return json.loads(answer.body)


def test_targets(primary, daemon):
    groups = targets(daemon)
    assert [x["labels"]["instance"] for x in groups] == NAMES
    for group in groups:
        assert group["targets"] == [f"{daemon.host}:{daemon.port}"]
        labels = group["labels"]
        name = labels["instance"]
        # Prometheus encodes the path.
        assert labels["__metrics_path__"] == f"/metrics/backends/{name}"
        assert page(daemon, quote(labels["__metrics_path__"])).value("pg_up", backend=name) == 1
        assert labels["__meta_pgstatsmon_source"] == "static"
        assert labels["__meta_pgstatsmon_address"] == primary.listen[NAMES.index(name)]
        assert labels["__meta_pgstatsmon_port"] == str(primary.port)
        assert labels["__meta_pgstatsmon_database"] == "postgres"
        assert labels["__meta_pgstatsmon_kind"] == "postgres"
        assert len(labels) == 7


def test_targets_are_where_they_were_asked_for(daemon):
    for host in ("db.example.com:1234", "db.example.com", "[::1]:9187", "10.0.0.1"):
        assert {x["targets"][0] for x in targets(daemon, headers={"Host": host})} == {host}
    for host in ("", "evil/x", 'a"b', "user@host", "/run/x", "host:port", "host:0", "a b"):
        assert daemon.get("/api/v1/sd", headers={"Host": host}).status == 400


def test_labels_but_no_secrets(primary, watch, directory):
    password = directory / "sd-password"
    password.write_text("hunter2")
    daemon = watch([backend("one", primary)], password_file=str(password),
                   target={"metadata": {"zone": "b"}})
    daemon.wait_up("one")
    assert targets(daemon)[0]["labels"]["__meta_pgstatsmon_zone"] == "b"
    body = daemon.get("/api/v1/sd").body
    assert b"hunter2" not in body and password.name.encode() not in body


def test_no_list_before_it_is_whole(watch):
    """Prometheus keeps its targets while there is no answer, and drops them for an empty one."""
    with socket.create_server((address(), 0)) as silent:
        host, port = silent.getsockname()
        daemon = watch([{"name": "silent", "ip": host, "port": port}],
                       connections={"connect_timeout": 60000})
        assert daemon.get("/-/ready").status == daemon.get("/api/v1/sd").status == 503
        silent.accept()[0].close()
    wait_until(lambda: daemon.get("/api/v1/sd").status == 200, what="the list is whole")
    assert [x["labels"]["instance"] for x in targets(daemon)] == ["silent"]


def test_own_route(primary, watch):
    daemon = watch([backend("one", primary)], target={"route": "/own/path"})
    daemon.wait_up("one")
    path = targets(daemon)[0]["labels"]["__metrics_path__"]
    assert path == "/own/path/backends/one"
    assert page(daemon, path).value("pg_up", backend="one") == 1
    assert daemon.get("/metrics/backends/one").status == 404


def test_the_index_leads_to_them(daemon):
    text = daemon.get("/").body.decode()
    assert 'href="/api/v1/sd"' in text
    for name in NAMES:
        path = f"/metrics?backend={quote(name, safe='~')}"
        assert f'href="{path}"' in text
        assert page(daemon, path).value("pg_up", backend=name) == 1


PROTECTED = ["/metrics/backends/one", "/metrics?backend=one", "/metrics?collect[]=pg_stat_database",
             "/metrics/daemon", "/probe?target=one", "/probe", "/api/v1/sd", "/metrics/backends/x"]


def test_the_door_is_the_same(primary, watch, directory):
    ca = certificates.authority(directory, "one-backend-ca")
    names = f"IP:{address()},DNS:localhost"
    cert, key = certificates.certificate(directory, ca, "one-backend", names, usage="serverAuth")
    file = directory / "one-backend-web.yaml"
    file.write_text(json.dumps({
        "basic_auth_users": {"alice": HASH},
        "tls_server_config": {"cert_file": cert.name, "key_file": key.name},
    }))
    daemon = watch([backend("one", primary)], ready=False, web={"config": file.name})
    daemon.tls = ssl.create_default_context(cafile=str(ca))
    daemon.headers = ALICE
    daemon.wait_ready()
    daemon.wait_up("one")
    for path in PROTECTED:
        refused = daemon.get(path, headers={"Authorization": ""})
        assert (refused.status, refused.body) == (401, b"unauthorized\n"), path
        assert daemon.get(path).status != 401
    assert targets(daemon)[0]["targets"] == [f"{daemon.host}:{daemon.port}"]


def test_requests_are_limited(watch, directory):
    file = directory / "one-backend-limit.yaml"
    file.write_text(json.dumps({"rate_limit": {"interval": "1h", "burst": len(PROTECTED)}}))
    daemon = watch([], ready=False, web={"config": file.name})
    wait_until(lambda: daemon.lines("serving http"), what="it serves")
    assert 429 not in [daemon.get(path).status for path in PROTECTED]
    assert [daemon.get(path).status for path in PROTECTED] == [429] * len(PROTECTED)


PIECES = ["/metrics", "/metrics/backends/", "/probe", "/api/v1/sd", "/api/v1/backends/", "?", "&",
          "=", "backend", "target", "collect[]", "collect%5B%5D", "pg_stat_database", "one", "a/b",
          "%", "%00", "%ff", "%2F", "+", "/", "..", "#", "\\", "\xff", "%F0%9F%90%98", "x" * 9000]


def test_any_target(primary, watch):
    """Whatever is asked for, the answer is a page, a list or a refusal, and nothing else happens."""
    daemon = watch(entries(primary, ["one", "a/b"]), interval=BY_ORDER)
    daemon.wait_up("one", "a/b")
    chance = random.Random(7)
    seen = set()
    for _ in range(600):
        target = "/" + "".join(chance.choices(PIECES, k=chance.randrange(12)))
        if chance.random() < 0.5:
            target = "/metrics?" + target
        with socket.create_connection((daemon.host, daemon.port), timeout=60) as client:
            request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            client.sendall(request.encode("latin-1"))
            status = client.makefile("rb").readline().split()[1]
        seen.add(status)
        assert status in (b"200", b"400", b"404", b"414"), target
    assert seen == {b"200", b"400", b"404", b"414"}
    assert daemon.scrape().value("pg_up", backend="one") == 1
    assert primary.sessions_of() == 2
