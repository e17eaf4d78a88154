"""A TCP relay that can be slow, silent or gone."""

import selectors
import socket
import struct
import threading
import time
from collections import deque

from .network import address, free_port

RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Relays `host`:`port` to a server. One thread, no limits on what it does to a connection.

    `latency`: seconds that every byte takes, each way.
    `frozen`: accepts and reads, and passes nothing on, in either direction.
    """

    def __init__(self, server=None, latency=0.0, frozen=False, host=None):
        self.host = host or address()
        self.port = free_port(self.host)
        self.latency = latency
        self.frozen = frozen
        self.connections = 0  # accepted so far
        self.bytes_to_server = 0
        self.bytes_to_client = 0
        self.bursts = 0  # times the client spoke after the server, or first
        self._server = (server.host, server.port) if server else None
        self._pairs = set()
        self._lock = threading.Lock()
        self._wake, self._wait = socket.socketpair()
        self._wait.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wait, selectors.EVENT_READ, self._drain)
        self._listener = None
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._call(self._listen)
        self._thread.start()

    # -- what a test may do ------------------------------------------------------------------------

    def refuse(self):
        """Closes the listening socket and every connection: connecting is refused from now on."""
        self._call(self._refuse)

    def accept(self):
        """Listens again."""
        self._call(self._listen)

    def cut(self):
        """Resets every connection; new ones are accepted."""
        self._call(self._cut)

    def close(self):
        """Ends the proxy."""
        self._call(self._end)
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- the thread --------------------------------------------------------------------------------

    def _call(self, function):
        """Runs a function in the proxy's thread and waits for its end."""
        if not self._thread.is_alive():
            function()
            return
        done = threading.Event()
        with self._lock:
            self._todo = (function, done)
            self._wake.send(b"x")
            if not done.wait(10):
                raise RuntimeError("the proxy's thread does not answer")

    def _drain(self):
        self._wait.recv(64)
        function, done = self._todo
        function()
        done.set()

    def _run(self):
        while self._running:
            now = time.monotonic()
            due = [pair.next_due() for pair in self._pairs]
            soonest = min((d for d in due if d is not None), default=now + 1)
            for key, _ in self._selector.select(max(0.0, soonest - now)):
                key.data()
            for pair in list(self._pairs):
                pair.deliver(time.monotonic())
        self._selector.close()

    def _listen(self):
        self._listener = socket.create_server((self.host, self.port), backlog=64)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self):
        client, _ = self._listener.accept()
        self.connections += 1
        self._pairs.add(_Pair(self, client))

    def _refuse(self):
        if self._listener:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        self._cut()

    def _cut(self):
        for pair in list(self._pairs):
            pair.end(reset=True)

    def _end(self):
        self._refuse()
        self._running = False


class _Pair:
    """One connection: the client's socket and, unless we play dead, the server's."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.server = None
        self.last_from = None
        self.queues = {}
        if proxy._server and not proxy.frozen:
            self.server = socket.socket()
            try:
                self.server.connect(proxy._server)
            except OSError:
                self.server.close()
                self.server = None
                self.client.close()
                proxy._pairs.discard(self)
                return
        for end in (self.client, self.server):
            if end:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.queues[end] = deque()
                proxy._selector.register(end, selectors.EVENT_READ, lambda e=end: self.read(e))

    def read(self, end):
        if end.fileno() < 0:
            return
        try:
            data = end.recv(65536)
        except OSError:
            data = b""
        if self.proxy.frozen or not self.server:
            if not data:
                self.end()
            return
        to_server = end is self.client
        if to_server and data:
            self.proxy.bytes_to_server += len(data)
            if self.last_from != "client":
                self.proxy.bursts += 1
        elif data:
            self.proxy.bytes_to_client += len(data)
        if data:
            self.last_from = "client" if to_server else "server"
        else:
            self.proxy._selector.unregister(end)
        to = self.server if to_server else self.client
        self.queues[to].append((time.monotonic() + self.proxy.latency, data))

    def next_due(self):
        if self.proxy.frozen:
            return None
        return min((queue[0][0] for queue in self.queues.values() if queue), default=None)

    def deliver(self, now):
        if self.proxy.frozen:
            return
        for to, queue in self.queues.items():
            while queue and queue[0][0] <= now:
                _, data = queue.popleft()
                try:
                    if not data:
                        to.shutdown(socket.SHUT_WR)
                        self.finished(to)
                        continue
                    to.sendall(data)
                except OSError:
                    self.end()
                    return

    def finished(self, _):
        # Both sides have said all they had to say.
        registered = self.proxy._selector.get_map()
        if all(end.fileno() not in registered for end in self.queues):
            if not any(self.queues.values()):
                self.end()

    def end(self, reset=False):
        for end in (self.client, self.server):
            if end is None or end.fileno() < 0:
                continue
            if end.fileno() in self.proxy._selector.get_map():
                self.proxy._selector.unregister(end)
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.close()
        self.proxy._pairs.discard(self)
