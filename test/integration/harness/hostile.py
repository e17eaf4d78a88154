"""A server that speaks PostgreSQL's protocol and means no good."""

import base64
import itertools
import socket
import struct
import threading

from .network import address


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def row_description(columns):
    one = b"%b\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    names = (b"c%d" % i for i in range(columns))
    return message(b"T", struct.pack("!H", columns) + b"".join(one % name for name in names))


def row(cells):
    parts = [struct.pack("!i", -1) if c is None else struct.pack("!i", len(c)) + c for c in cells]
    return message(b"D", struct.pack("!H", len(parts)) + b"".join(parts))


def parameter(name, value):
    return message(b"S", name + b"\0" + value + b"\0")


READY = message(b"Z", b"I")
NOTICE = message(b"N", b"SNOTICE\0C00000\0M" + b"x" * 500 + b"\0\0")
HELLO = (
    parameter(b"server_version", b"15.18")
    + parameter(b"in_hot_standby", b"off")
    + parameter(b"server_encoding", b"UTF8")
    + parameter(b"client_encoding", b"UTF8")
    + parameter(b"standard_conforming_strings", b"on")
    + message(b"K", struct.pack("!ii", 1, 2))
)
AUTHENTICATED = message(b"R", struct.pack("!i", 0))


def for_ever(chunk):
    return itertools.repeat(chunk)


def parameters():
    for i in itertools.count():
        yield b"".join(parameter(b"p%x" % (i * 200 + j), b"") for j in range(200))


def huge(kind, head):
    """A message that claims to be a gigabyte, and begins to be."""
    yield kind + struct.pack("!i", 1_000_000_000) + head
    yield from for_ever(b"x" * 65536)


WIDE = row_description(60_000)

# What comes for the first query, after an honest "parsed" and "bound". All are endless.
IN_A_POLL = {
    "rows": lambda: itertools.chain([row_description(2)], for_ever(row([b"name", b"1"]) * 500)),
    "empty rows": lambda: itertools.chain([row_description(1)], for_ever(row([None]) * 2000)),
    "a cell": lambda: itertools.chain(
        [row_description(1)], huge(b"D", struct.pack("!Hi", 1, 999_999_990))
    ),
    "columns": lambda: itertools.chain([WIDE], for_ever(row([None] * 60_000))),
    "descriptions": lambda: for_ever(WIDE),
    "an error": lambda: huge(b"E", b"SERROR\0C42000\0M"),
    "notices": lambda: for_ever(NOTICE * 100),
    "parameters": parameters,
}
# A password that is hashed for an hour: RFC 5802's "i=" is the server's to choose.
HASHES = 2**31 - 1
# What comes before the server is ready.
AT_THE_BEGINNING = {
    "greetings": lambda: for_ever(NOTICE * 100),
    "introductions": parameters,
    "questions": lambda: for_ever(message(b"R", struct.pack("!i4s", 5, b"salt"))),
}
# What comes between polls.
WHILE_IDLE = {"idle notices": lambda: for_ever(NOTICE * 20), "idle parameters": parameters}


class Hostile:
    """Answers honestly until its moment comes, then sends `what`, a key of the tables above, and never
    stops; with `drip` a byte every so many seconds."""

    def __init__(self, what, drip=0.0):
        self.host, self.connections, self.sent = address(40), 0, 0
        self.drip = drip
        self.ending = threading.Event()
        self.what = what
        self.listener = socket.create_server((self.host, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)
        self.listener.close()

    def _start(self, target, *arguments):
        self.threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self.threads[-1].start()

    def _accept(self):
        while not self.ending.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client):
        with client:
            client.settimeout(0.2)
            try:
                self._talk(client)
            except (OSError, struct.error):
                pass  # the client has gone

    def _read(self, client, size):
        """All of it; the end of the connection or of the test is an error."""
        data = b""
        while len(data) < size:
            if self.ending.is_set():
                raise OSError
            try:
                more = client.recv(size - len(data))
            except TimeoutError:
                continue
            if more == b"":
                raise OSError
            data += more
        return data

    def _send(self, client, data):
        view = memoryview(data)
        while view and not self.ending.is_set():
            try:
                done = client.send(view)
            except TimeoutError:
                continue
            self.sent += done
            view = view[done:]

    def _pour(self, client, chunks):
        for chunk in chunks:
            if self.ending.is_set():
                return
            if not self.drip:
                self._send(client, chunk)
                continue
            for i in range(len(chunk)):
                self._send(client, chunk[i : i + 1])
                if self.ending.wait(self.drip):
                    return

    def _talk(self, client):
        while True:
            size, code = struct.unpack("!ii", self._read(client, 8))
            self._read(client, size - 8)
            if code == 80877102:  # a cancel request
                return
            if code == 196608:
                break
            self._send(client, b"N")  # neither TLS nor GSSAPI
        self.connections += 1
        if self.what == "hashes":
            self._ask_for_hashes(client)
        if self.what == "questions":
            self._pour(client, AT_THE_BEGINNING[self.what]())
        self._send(client, AUTHENTICATED)
        if self.what in AT_THE_BEGINNING:
            self._pour(client, AT_THE_BEGINNING[self.what]())
        self._send(client, HELLO + READY)
        self._answer(client)

    def _ask_for_hashes(self, client):
        self._send(client, message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
        _, size = struct.unpack("!ci", self._read(client, 5))
        nonce = self._read(client, size - 4).rpartition(b",r=")[2]
        salt = base64.b64encode(b"salt" * 4)
        challenge = b"r=%bx,s=%b,i=%d" % (nonce, salt, HASHES)
        self._send(client, message(b"R", struct.pack("!i", 11) + challenge))
        self._read(client, 1)  # it goes

    def _answer(self, client):
        answers = {b"P": message(b"1"), b"B": message(b"2"), b"D": message(b"n"),
                   b"E": message(b"C", b"SELECT 0\0"), b"S": READY}
        syncs = 0
        while True:
            kind, size = struct.unpack("!ci", self._read(client, 5))
            self._read(client, size - 4)
            if kind == b"X":
                return
            if kind == b"D" and syncs > 2 and self.what in IN_A_POLL:
                self._pour(client, IN_A_POLL[self.what]())
            self._send(client, answers.get(kind, b""))
            syncs += kind == b"S"
            if kind == b"S" and self.what in WHILE_IDLE and self._nothing_more(client):
                self._pour(client, WHILE_IDLE[self.what]())

    @staticmethod
    def _nothing_more(client):
        client.settimeout(0.05)
        try:
            return bool(not client.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            return True
        finally:
            client.settimeout(0.2)
