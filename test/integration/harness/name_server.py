"""A DNS server for tests: answers SRV, A and AAAA from a table, over UDP."""

import socket
import struct
import threading
from contextlib import suppress

A, AAAA, SRV = 1, 28, 33
NXDOMAIN, SERVFAIL = 3, 2


def encoded(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decoded(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(labels), at + 1


class NameServer:
    """`table`: {(name, type): [data]}, data as text for addresses and (port, target) for SRV, or a
    function of the question's bytes that makes the rest of the answer. A name that is not in the
    table does not exist. `broken`: SERVFAIL for everything; `failing`: for these names or (name,
    type) pairs; `silent`: no answer for these names; `slow`: it takes these so many seconds. `asked`: all names in order."""

    def __init__(self, host):
        self.table = {}
        self.ttl = 1
        self.broken = False
        self.failing = set()
        self.silent = set()
        self.slow = {}
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.address = "{}:{}".format(*self.socket.getsockname())
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join(10)
        self.socket.close()

    def _serve(self):
        while True:
            data, peer = self.socket.recvfrom(4096)
            if not data:
                return
            name, at = decoded(data, 12)
            self.asked.append(name)
            if name in self.silent:
                continue
            answer = self._answer(data, name, at)
            if name in self.slow:
                threading.Timer(self.slow[name], self._send, (answer, peer)).start()
            else:
                self.socket.sendto(answer, peer)

    def _send(self, answer, peer):
        with suppress(OSError):  # it was stopped
            self.socket.sendto(answer, peer)

    def _answer(self, data, name, at):
        kind = struct.unpack_from("!H", data, at)[0]
        question = data[12 : at + 4]
        exists = any(known == name for known, _ in self.table)
        records = self.table.get((name, kind), [])
        broken = self.broken or name in self.failing or (name, kind) in self.failing
        code = SERVFAIL if broken else 0 if exists else NXDOMAIN
        if callable(records) and not code:
            return data[:2] + records(question)
        records = [] if code else records
        head = struct.pack("!2sHHHHH", data[:2], 0x8180 | code, 1, len(records), 0, 0)
        body = b""
        for record in records:
            value = self._encode(kind, record)
            body += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(value)) + value
        return head + question + body

    @staticmethod
    def _encode(kind, record):
        if kind == SRV:
            return struct.pack("!HHH", 0, 0, record[0]) + encoded(record[1])
        return socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, record)
