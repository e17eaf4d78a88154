"""Clients that take a large page slowly, or not at all: what the kernel holds for them is bounded."""

import socket

import pytest
from harness.daemon import BY_ORDER, backend
from harness.waiting import wait_until

CLIENTS = 40
PAGE = 4 << 20  # what the kernel would hold of a page for each client without a bound

BIG = """
name: pg_big
help: Many long rows.
labels: [name]
metrics:
  - {column: n, type: gauge, help: A number.}
versions:
  - sql: select i::text || repeat('x', 200) as name, i as n from generate_series(1, 40000) i
"""


def held_for(daemon):
    """Bytes that the kernel holds of what the daemon has sent, by connection, whoever owns it."""
    ours = "%08X:%04X" % (
        int.from_bytes(socket.inet_aton(daemon.host), "little"),
        daemon.port,
    )
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return [int(row[4].split(":")[0], 16) for row in rows if row[1] == ours and row[3] != "0A"]


@pytest.fixture
def big(directory):
    path = directory / "big"
    path.mkdir(exist_ok=True)
    (path / "big.yaml").write_text(BIG)
    return str(path)


def test_what_is_held_is_bounded_and_goes_with_the_connection(primary, watch, big):
    daemon = watch(
        [backend("one", primary)], queries=big, interval=BY_ORDER, web={"timeout": 5000}
    )
    wait_until(lambda: len(daemon.get().body) > 2 * PAGE, 30, "the page is large")
    clients = []
    for _ in range(CLIENTS):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((daemon.host, daemon.port))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        clients.append(client)
    wait_until(lambda: any(held_for(daemon)), 30, "they are being answered")
    most = 0

    def cut():
        nonlocal most
        now = held_for(daemon)
        most = max(most, *now, 0)
        return not any(now)

    # None of them closes its side.
    wait_until(cut, 40, "all are cut off, and nothing is held for them")
    assert 0 < most <= 300 * 1024
    for client in clients:
        client.close()
