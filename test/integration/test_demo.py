"""The demo shows the main job, and leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from harness import process
from harness.daemon import BINARY
from harness.waiting import wait_until

DEMO = Path(__file__).resolve().parents[2] / "main" / "demo.py"


@pytest.fixture
def home(directory):
    """Where the demo puts everything; empty at the end, and no process knows of it."""
    path = directory / "demo"
    path.mkdir(exist_ok=True)
    path.chmod(0o711)
    yield path
    assert list(path.iterdir()) == []
    assert users_of(path) == []


def users_of(path):
    """Processes that have a path below `path` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"{path}/".encode() in line:
                found.append(line)
    return found


def start(home, *arguments, **options):
    command = [sys.executable, "-B", str(DEMO), "--binary", BINARY, *arguments]
    environment = {**os.environ, "TMPDIR": str(home)}
    return process.spawn(command, dies_with_us=signal.SIGTERM, env=environment, text=True,
                         stdin=subprocess.DEVNULL, **options)


@pytest.mark.parametrize("how", [[], ["--vmapi"]])
def test_once(home, how):
    demo = start(home, "--once", *how, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = demo.communicate(timeout=240)
    assert demo.returncode == 0, errors
    head, *rows = output.splitlines()
    assert head.split()[:4] == ["backend", "role", "series", "poll"]
    assert [row.split()[:2] for row in rows] == [["primary", "primary"], ["standby", "standby"]]
    for row in rows:
        series, milliseconds = row.split()[2:4]
        assert int(series.replace(",", "")) > 50 and float(milliseconds) > 0
        assert "-" not in row.split()


def test_sharing(home):
    demo = start(home, "--once", "--cluster", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = demo.communicate(timeout=240)
    assert demo.returncode == 0, errors
    head, *rows = output.splitlines()
    assert head.split()[0] == "s" and head.split()[-1] == "standby/hr"
    assert [x for row in rows for x in re.findall(r" (c \w+) ", row)] \
        == ["c killed", "c starts", "c ends", "c starts"]
    # Each is watched by one at last, and by all three together.
    owners = rows[-1].split()[-6:]
    assert all(len(x) == 1 for x in owners) and "-" not in owners
    assert not re.search(r"\b[abc]{2,}\b", output)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground(home, directory, number):
    log = directory / f"demo-{number}.log"
    with log.open("w") as file:
        demo = start(home, stdout=file, stderr=file)
    found = wait_until(
        lambda: re.search(r"(http://\S+)/metrics", log.read_text()) or demo.poll(), what=log.read_text
    )
    url = found[0]

    def served():
        try:
            return "pg_up" in urllib.request.urlopen(url, timeout=5).read().decode()
        except OSError:
            return False

    wait_until(served, what=log.read_text)
    demo.send_signal(number)
    assert demo.wait(120) == 0, log.read_text()


def test_a_daemon_that_fails(home):
    command = [sys.executable, "-B", str(DEMO), "--binary", "/bin/false", "--once"]
    demo = subprocess.run(command, env={**os.environ, "TMPDIR": str(home)}, capture_output=True,
                          text=True, timeout=240, stdin=subprocess.DEVNULL)
    assert demo.returncode == 1
    assert "exit code 1" in demo.stderr
    assert demo.stdout == ""
