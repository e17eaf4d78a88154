"""The console's facts over HTTP: /api/v1/."""

import contextlib
import gzip
import http.client
import json
import time
from urllib.parse import quote

import pytest
from harness.catalogue import SERVER_QUERIES
from harness.console import data
from harness.daemon import backend
from harness.network import address
from harness.proxy import Proxy
from harness.waiting import wait_until

NAMES = ["one", "with a blank", "100%", "%41", "größe €", "a/b", "a+b?c=d&e#f", "../x",
         '"quoted"']


@pytest.fixture(scope="module")
def primary(cluster):
    """One server, at an address for each name."""
    server = cluster(listen=[address(i) for i in range(1, len(NAMES) + 1)]).start()
    server.role()
    return server


@pytest.fixture
def daemon(primary, watch):
    daemon = watch([{"name": name, "ip": host, "port": primary.port}
                    for name, host in zip(NAMES, primary.listen)])
    daemon.wait_up(*NAMES)
    return daemon


def got(daemon, path, status=200):
    answer = daemon.get(path)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.body)


def test_backends(daemon):
    rows = got(daemon, "/api/v1/backends")
    assert [x["backend"] for x in rows] == NAMES
    assert [list(x) for x in rows] == [list(x) for x in data(daemon, "backends")]
    assert all(x["up"] is True and x["role"] == "primary" for x in rows)
    assert got(daemon, "/api/v1/backends?x=1")


def test_what_is_listed(daemon, primary):
    start = time.time()
    row = got(daemon, "/api/v1/backends")[0]
    assert (row["address"], row["port"]) == (primary.listen[0], primary.port)
    assert (row["kind"], row["database"], row["source"]) == ("postgres", "postgres", "static")
    assert (row["labels"], row["paused"], row["failure"]) == ({}, False, None)
    assert start - 60 < row["since"] <= time.time()
    # Of one shape: what is fixed is the same there.
    one = got(daemon, "/api/v1/backends/one")
    assert list(one)[: len(row)] == list(row)
    for key in ("id", "address", "port", "database", "role", "version", "since"):
        assert one[key] == row[key]


def test_since_and_changes(primary, watch):
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)])
        daemon.wait_up("one")
        up = got(daemon, "/api/v1/backends/one")["since"]
        wait_until(lambda: daemon.get("/-/ready").status == 200, what="ready")
        proxy.refuse()
        wait_until(lambda: not got(daemon, "/api/v1/backends/one")["up"], what="down")
        down = got(daemon, "/api/v1/backends/one")
        assert down["since"] > up and down["failure"]
        changes = wait_until(lambda: got(daemon, "/api/v1/changes")["changes"], what="a change")
        assert changes[-1]["backend"] == "one"
        assert changes[-1]["what"] == "condition"
        # It looks once a second, and may not have seen it up.
        assert changes[-1]["from"] in ("up", "new")
        assert abs(changes[-1]["when"] - down["since"]) < 3
        proxy.accept()
        wait_until(lambda: got(daemon, "/api/v1/changes")["changes"][0]["to"] == "up", what="up")
        x = got(daemon, "/api/v1/changes")
        assert x["heartbeat_age_seconds"] < 5 and abs(x["now"] - time.time()) < 5


def test_events(primary, watch):
    with Proxy(primary) as proxy:
        daemon = watch([backend("one", proxy)])
        daemon.wait_up("one")
        connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=30)
        connection.request("GET", "/api/v1/events", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Content-Encoding"] is None
        name, hello = event(answer)
        assert name == "hello" and hello["start"] <= time.time()
        proxy.refuse()
        while True:
            name, news = event(answer)
            if name == "news" and news["changes"]:
                break
        assert news["changes"][0]["what"] == "condition"
        assert news["backends"][0]["backend"] == "one" and not news["backends"][0]["up"]
        assert list(news["backends"][0]) == list(got(daemon, "/api/v1/backends")[0])
        assert news["gone"] == []
        daemon.stop()
        # It ends, in whatever way.
        with contextlib.suppress(http.client.IncompleteRead):
            answer.read()
        connection.close()


def event(answer):
    """The next event's name and data."""
    name, text = answer.readline().decode(), answer.readline().decode()
    assert answer.readline() == b"\n"
    return name.removeprefix("event: ").strip(), json.loads(text.removeprefix("data: "))


def test_scheduler(daemon):
    x = got(daemon, "/api/v1/scheduler")
    assert list(x) == list(data(daemon, "scheduler"))
    assert x["slots"] == 10 and x["backends"] == len(NAMES) and x["ticks"]


def test_one_backend(daemon):
    for name in NAMES:
        x = got(daemon, "/api/v1/backends/" + quote(name, safe=""))
        assert x["backend"] == name
    assert x["role"] == "primary"
    assert [y["query"] for y in x["plan"]] == SERVER_QUERIES
    asked = {y["query"] for y in x["plan"] if y["left_out"] is None}
    assert {y["query"] for y in x["last_poll"]} <= asked
    assert all(y["left_out"] for y in x["plan"] if y["query"] not in asked)
    # Who holds back what is asked once somebody has looked.
    same = [list(y) for y in (x, data(daemon, "backend", "one"))]
    assert [y for y in same[0] if y != "holders"] == [y for y in same[1] if y != "holders"]
    # SQL and results are whole, as the console's JSON has them.
    assert all(y["sql"].upper().startswith(("SELECT", "WITH")) for y in x["plan"] if y["sql"])


def test_unknown_backends(daemon):
    for name in ("", "nobody", "On", "one/", "%6fne2", "%00", "%", "%zz", "%ff", "x" * 8000):
        x = got(daemon, f"/api/v1/backends/{name}", 404)
        assert list(x) == ["error"]


def test_actors(daemon):
    rows = got(daemon, "/api/v1/actors")
    assert [list(x) for x in rows] == [list(x) for x in data(daemon, "actors")]
    kinds = [x["kind"] for x in rows]
    assert kinds.count("connection") == len(NAMES)
    assert {"scheduler", "registry", "discovery", "console"} <= set(kinds)
    assert {x["of"] for x in rows if x["kind"] == "connection"} == set(NAMES)


PATHS = ["/api/v1/backends", "/api/v1/backends/one", "/api/v1/backends/one/history",
         "/api/v1/actors", "/api/v1/changes"]


@pytest.mark.parametrize("path", PATHS)
def test_http(daemon, path):
    plain = daemon.get(path)
    assert plain.headers["Content-Encoding"] is None
    head = daemon.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == "application/json"
    packed = daemon.get(path, headers={"Accept-Encoding": "gzip"})
    if len(plain.body) >= 1024:
        check_packed(plain, packed)
    for method in ("POST", "PUT", "DELETE"):
        refused = daemon.get(path, method=method)
        assert refused.status == 405
        assert {x.strip() for x in refused.headers["Allow"].split(",")} == {"GET", "HEAD"}


def check_packed(plain, packed):
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == "application/json"
    assert len(packed.body) * 2 < len(plain.body)
    assert json.loads(gzip.decompress(packed.body))


def test_not_found(daemon):
    for path in ("/api", "/api/v1", "/api/v1/", "/api/v1/actors/1", "/api/v2/actors",
                 "/api/v1/pause"):
        assert daemon.get(path).status == 404, path


def test_no_secrets(primary, watch, directory):
    password = directory / "api-password"
    password.write_text("hunter2")
    daemon = watch([backend("one", primary)], password_file=str(password))
    daemon.wait_up("one")
    for path in PATHS:
        assert b"hunter2" not in daemon.get(path).body


def test_without_backends_and_console(watch):
    daemon = watch([], console={"socket": ""})
    assert got(daemon, "/api/v1/backends") == []
    assert "scheduler" in {x["kind"] for x in got(daemon, "/api/v1/actors")}
