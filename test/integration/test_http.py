"""The HTTP server: what it answers, and what it refuses."""

import errno
import gzip
import socket

import pytest
from harness.daemon import BY_ORDER, backend
from harness.page import Page
from harness.waiting import wait_until

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def daemon(primary, watch):
    daemon = watch([backend("one", primary)], interval=BY_ORDER)
    daemon.wait_up("one")
    return daemon


def test_get(daemon):
    answer = daemon.get()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert answer.headers["Content-Encoding"] is None
    assert Page(answer.body.decode()).value("pg_up", backend="one") == 1


def test_head(daemon):
    answer = daemon.get(method="HEAD")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert answer.body == b""


@pytest.mark.parametrize("path", ["/metrics?x=1", "/metrics?"])
def test_query_string(daemon, path):
    assert daemon.get(path).status == 200


@pytest.mark.parametrize("path", ["/metric", "/metrics2", "/x/metrics", "/%2e%2e/etc/passwd"])
def test_not_found(daemon, path):
    assert daemon.get(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/metrics", "/"])
def test_method_not_allowed(daemon, method, path):
    answer = daemon.get(path, method=method)
    assert answer.status == 405
    allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "accepted, compressed",
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip(daemon, accepted, compressed):
    answer = daemon.get(headers={"Accept-Encoding": accepted})
    assert (answer.headers["Content-Encoding"] == "gzip") == compressed
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    body = gzip.decompress(answer.body) if compressed else answer.body
    assert set(Page(body.decode()).types) == set(daemon.scrape().types)
    if compressed:
        assert len(answer.body) * 4 < len(body)


def test_start_page(daemon):
    answer = daemon.get("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    text = answer.body.decode()
    assert 'href="/metrics"' in text
    assert "one" in text and "ready" in text


def test_start_page_escapes(primary, watch):
    daemon = watch([backend("<script>alert(1)</script>", primary)])
    assert "<script>alert" not in daemon.get("/").body.decode()


def test_own_route(primary, watch):
    daemon = watch([backend("one", primary)], target={"route": "/own/path"})
    assert daemon.get("/own/path").status == 200
    assert daemon.get("/metrics").status == 404
    assert 'href="/own/path"' in daemon.get("/").body.decode()


def test_ipv6(primary, watch):
    daemon = watch([backend("one", primary)], target={"ip": "::1"})
    daemon.wait_up("one")


NOISE = {
    "tls": b"\x16\x03\x01\x02\x00",
    "no_target": b"GET\r\n\r\n",
    "future_version": b"GET / HTTP/9.9\r\n\r\n",
    "zeros": b"\x00" * 70000,
    "endless_header": b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000,
    "body": b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" + b"z" * 100_000,
}


@pytest.mark.parametrize("noise", list(NOISE))
def test_noise(primary, watch, noise):
    """What is no request ends that connection and nothing else."""
    daemon = watch([backend("one", primary)], web={"timeout": 1000})
    with socket.create_connection((daemon.host, daemon.port), timeout=10) as client:
        try:
            client.sendall(NOISE[noise])
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except OSError as error:
            # The server may end the connection before all is said.
            assert error.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)
    assert daemon.get().status == 200


def test_clients_that_do_nothing_are_closed(primary, watch):
    daemon = watch([backend("one", primary)], web={"timeout": 1000})
    with socket.create_connection((daemon.host, daemon.port), timeout=10) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert client.recv(1) == b""


def test_connection_limit(primary, watch):
    """More clients than allowed are refused; a place that is free again is given again."""
    daemon = watch([backend("one", primary)], web={"max_connections": 8})
    clients = [socket.create_connection((daemon.host, daemon.port), timeout=10) for _ in range(40)]
    for client in clients:
        client.close()
    wait_until(daemon.answers, what="served again")
