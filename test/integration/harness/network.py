"""Loopback addresses and ports that nothing else on the machine uses."""

import os
import socket

_given = set()


def address(number=0):
    """One of 64 addresses that belong to this process alone, so that ports never collide."""
    if not 0 <= number < 64:
        raise ValueError("a process has 64 addresses")
    block = (os.getpid() % (1 << 15)) * 64 + number
    return f"127.{64 + (block >> 16)}.{block >> 8 & 255}.{block & 255}"


def free_port(host=None):
    """A TCP port of `host` (default: address()) that was free a moment ago; never given twice."""
    host = host or address()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        if (host, port) not in _given:
            _given.add((host, port))
            return port
