"""Talking to a daemon's console: with the client, over a plain socket, at a terminal."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import termios
import time

from . import process
from .daemon import BINARY
from .waiting import PATIENCE, Timeout, wait_until

# Ends an answer after the line `frames`, with `ok` or `error` and a newline behind it.
END = b"\x04"

MASKS = [
    (r"\|[ .=?]{40}\|", "BAR"),
    (r"\d+(\.\d+)? (us|ms|s|min|h|d)\b", "TIME"),
    (r"\d+(\.\d+)? (B|KiB|MiB|GiB)\b", "SIZE"),
    (r"\d+\.\d %", "SHARE"),
    (r"\b127(\.\d+){3}:\d+", "ADDRESS"),
    (r"(?<![\w.])\d[\d,]*(?![\w.])", "N"),
    (r" {2,}", "  "),
]


def masked(text):
    """A text with everything that differs from run to run replaced, and columns close together."""
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text)
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def path_of(daemon):
    """Where a daemon's console is."""
    return daemon.config["console"]["socket"]


# -- the client ------------------------------------------------------------------------------------


def client(path, *words, **options):
    """Runs `pgstatsmon console` to its end; stdin is `input`, or nothing."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run(
        [BINARY, "console", "--socket", path, *words],
        cwd="/", capture_output=True, text=True, **{"timeout": PATIENCE, **options},
    )


def say(daemon, *words):
    """The text of an answer that is no error."""
    done = client(path_of(daemon), *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def reconnect(daemon, name):
    """Has a backend's session replaced between two polls, so that all about its server is asked at
    once. A session that the server ends may be in the midst of a poll, which then fails."""
    say(daemon, "pause", name, "--disconnect")
    state = "pgstatsmon_backend_state"
    daemon.wait_for(lambda page: page.state(state, backend=name) == "disconnected")
    say(daemon, "resume", name)


def data(daemon, *words):
    """The same as what its JSON says."""
    return json.loads(say(daemon, *words, "--json"))


def row(rows, **wanted):
    """The one row of a table that matches."""
    found = [x for x in rows if wanted.items() <= x.items()]
    assert len(found) == 1, (wanted, rows)
    return found[0]


def spawn(daemon, *words, **options):
    """Starts a client whose output is read while it runs."""
    return process.spawn(
        [BINARY, "console", "--socket", path_of(daemon), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )


# -- a plain socket --------------------------------------------------------------------------------


class Session:
    """A connection as `socat - UNIX-CONNECT:PATH` has it."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Blocking, so that it waits while more connect than the daemon has yet accepted.
        self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def read_until(self, end):
        """Everything up to and with `end`; an error when the daemon closes before."""
        while end not in self.received:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError(f"no {end} in {self.received!r}")
            self.received += chunk
        found, _, self.received = self.received.partition(end)
        return found + end

    def read_all(self):
        """Everything until the daemon closes."""
        while chunk := self.socket.recv(65536):
            self.received += chunk
        return self.received.decode()

    def ask(self, line):
        """(text, whether it is no error) of one answer; the session is framed from here on."""
        if not getattr(self, "framed", False):
            self.send("frames\n")
            assert self.read_until(b"\n") == END + b"ok\n"
            self.framed = True
        self.send(line + "\n")
        text = self.read_until(END)[:-1].decode()
        return text, self.read_until(b"\n") == b"ok\n"

    def is_open(self):
        """False when the daemon has closed it."""
        readable, _, _ = select.select([self.socket], [], [], 0)
        try:
            return not readable or self.socket.recv(1, socket.MSG_PEEK) != b""
        except ConnectionResetError:
            return False


# -- a terminal ------------------------------------------------------------------------------------


class Terminal:
    """A client at a pseudo-terminal: what it shows, and what is typed."""

    PROMPT = "pgstatsmon> "

    def __init__(self, path, home):
        self.codes = ""
        self.master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "vt100", "HOME": str(home)}
        environment["XDG_STATE_HOME"] = str(home)
        # A leader of a session who opens a terminal has it as his own, so that Ctrl-C is a signal.
        opened = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>"$0"', os.ttyname(slave)]
        self.process = process.spawn(
            [*opened, BINARY, "console", "--socket", path], env=environment
        )
        # Until then there must be somebody else, or our first read() fails.
        self.slave = slave

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.stop(self.process)
        os.close(self.master)
        self._let_go()

    def _let_go(self):
        if self.slave is not None:
            os.close(self.slave)
        self.slave = None

    @property
    def shown(self):
        """What was shown since the last type(), without the codes that only move the cursor."""
        text = re.sub(r"\r\x1b\[\d+C", "", self.codes)
        return text.replace("\r\n", "\n")

    def type(self, keys):
        """Types keys; what was shown before is forgotten."""
        self.codes = ""
        os.write(self.master, keys.encode())

    def wait_for(self, text, timeout=PATIENCE, times=1):
        """Waits until `text` has been shown, since the last type(); returns all that was."""
        deadline = time.monotonic() + timeout
        while self.shown.count(text) < times:
            if not self._read(deadline - time.monotonic()):
                raise Timeout(f"{text!r} is not shown: {self.shown!r}")
        if text.endswith(self.PROMPT):
            # libedit shows the prompt a moment before it takes keys; until then Ctrl-D, for
            # instance, is the terminal's.
            wait_until(self._takes_keys, timeout, "keys are taken")
        return self.shown

    def _takes_keys(self):
        return not termios.tcgetattr(self.master)[3] & termios.ICANON

    def ask(self, line):
        """Types a line; what is shown until the next prompt."""
        self.type(line + "\n")
        return self.wait_for("\n" + self.PROMPT)

    def has_prompt(self):
        """Whether a prompt has been shown since the last type()."""
        self._read(0.05)
        return self.PROMPT in self.shown

    def wait_end(self, timeout=PATIENCE):
        """Waits until the client ends; its exit code."""
        deadline = time.monotonic() + timeout
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(timeout)

    def _read(self, timeout):
        """Takes what is shown next; False when there is nothing more, or not in time."""
        readable, _, _ = select.select([self.master], [], [], max(timeout, 0))
        try:
            chunk = os.read(self.master, 65536) if readable else b""
        except OSError:  # EIO: no process has the terminal any more
            chunk = b""
        self._let_go()
        self.codes += chunk.decode(errors="replace")
        return chunk != b""
