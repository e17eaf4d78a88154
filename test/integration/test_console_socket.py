"""The console's socket without our client, as socat and people's scripts use it."""

import json
import os
import random
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
from harness.console import Session, client, data, path_of, row, say
from harness.daemon import BINARY, Daemon, backend, configuration, polls
from harness.waiting import wait_until


@pytest.fixture
def daemon(primary, watch):
    daemon = watch([backend("one", primary)])
    daemon.wait_up("one")
    return daemon


def exists(path):
    return os.path.lexists(path)


# -- lines -----------------------------------------------------------------------------------------


def test_answers_are_plain_text(daemon):
    with Session(path_of(daemon)) as session:
        session.send("help quit\n")
        assert session.read_until(b"leave\n") == b"quit \n  leave\n"
        session.send("backends --json\r\n")
        assert json.loads(session.read_until(b"\n"))[0]["backend"] == "one"
        session.send("nonsense\n")
        assert session.read_until(b"\n").startswith(b"error: unknown command")
        session.send("quit\n")
        assert session.read_all() == ""


def test_quit(daemon):
    for _ in range(20):
        with Session(path_of(daemon)) as session:
            session.send("quit\nactors\n")
            assert session.read_all() == ""
    assert say(daemon, "help")


def test_lines_of_one_write_are_answered_in_order(daemon):
    """Also when the SCHEDULER has to be asked for some, and in pieces."""
    words = ["help quit", "scheduler --json", "nonsense", "", "poll one --json", "  \t", "quit"]
    with Session(path_of(daemon)) as session:
        text = "\n".join(words) + "\n"
        session.send(text[:30])
        session.send(text[30:33])
        session.send(text[33:])
        lines = session.read_all().splitlines()
    assert lines[:2] == ["quit", "  leave"] or lines[:2] == ["quit ", "  leave"]
    assert json.loads(lines[2])["backends"] == 1
    assert lines[3].startswith("error: ")
    assert json.loads(lines[4])["poll"] == "ok"
    assert len(lines) == 5


def test_many_lines_of_one_write(daemon):
    with Session(path_of(daemon)) as session:
        session.send("help poll\nactors\n" * 500 + "quit\n")
        text = session.read_all()
    assert text.count("poll NAME\n") == 500
    assert text.count("\nid  kind") + text.startswith("id  kind") == 500


@pytest.mark.parametrize("line", ["actors", "scheduler", "poll one"])
def test_half_close(daemon, line):
    """What is asked before the end of the input is answered: `echo … | socat - UNIX:…`."""
    with Session(path_of(daemon)) as session:
        session.send(f"{line}\nhelp quit\n")
        session.socket.shutdown(socket.SHUT_WR)
        text = session.read_all()
    assert text.endswith("quit \n  leave\n"), text
    assert len(text.splitlines()) > 8


def test_socat(daemon):
    done = subprocess.run(["socat", "-t", "5", "-", f"UNIX-CONNECT:{path_of(daemon)}"],
                          input="backends\n", capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("one ")


def test_a_line_without_an_end(daemon):
    with Session(path_of(daemon)) as session:
        session.send("help quit")
        session.socket.shutdown(socket.SHUT_WR)
        session.read_all()
    assert say(daemon, "help")


def test_long_lines(daemon):
    with Session(path_of(daemon)) as session:
        session.send("help " + "x" * 4000 + "\n")
        assert session.read_until(b"\n").startswith(b"error: no command is called")
        session.send("y" * 5000)
        assert session.read_until(b"\n") == b"error: the line is too long\n"
        try:
            assert session.read_all() == ""
        except ConnectionResetError:
            pass  # the daemon has not read the rest
    assert say(daemon, "help")


GARBAGE = {
    "zeros": b"\0" * 4000 + b"\n",
    "bytes": random.Random(7).randbytes(3000).replace(b"\n", b"") + b"\n",
    "escape": b"\x1b[2J\x1b]0;title\x07\n",
    "marks": b"\x04\f\x04ok\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "utf8": "backend Größe€\n".encode(),
    "latin1": b"backend Gr\xf6\xdfe --json\n",
    "quote": b'backend "one\n',
}


@pytest.mark.parametrize("garbage", list(GARBAGE))
def test_garbage(daemon, garbage):
    with Session(path_of(daemon)) as session:
        session.send(GARBAGE[garbage] + b"quit\n")
        text = session.read_all()
    assert text.count("error") == max(1, GARBAGE[garbage].strip().count(b"\n") + 1), text
    # Nothing comes back that a terminal would obey, or that a program takes for an end.
    assert all(x >= " " or x == "\n" for x in text), text
    assert say(daemon, "help")


# -- many sessions, and bad ones -------------------------------------------------------------------


def test_many_sessions(daemon):
    """The newest is always served; those that were idle longest give way."""
    sessions = []
    try:
        for i in range(40):
            sessions.append(Session(path_of(daemon)))
            assert sessions[-1].ask("help quit")[1]
        assert sum(x.is_open() for x in sessions) == 16
        assert [x.is_open() for x in sessions] == [False] * 24 + [True] * 16
        # One that asks is not idle.
        assert sessions[24].ask("help quit")[1]
        with Session(path_of(daemon)) as one_more:
            assert one_more.ask("backends")[1]
        assert sessions[24].is_open() and not sessions[25].is_open()
    finally:
        for session in sessions:
            session.socket.close()


def test_sessions_that_say_nothing(daemon):
    silent = [Session(path_of(daemon)) for _ in range(40)]
    assert say(daemon, "help")
    wait_until(lambda: sum(x.is_open() for x in silent) == 15, 10, "the rest is closed")
    for session in silent:
        session.socket.close()


def memory_of(daemon):
    """Resident bytes. A sanitizer keeps what was freed, so that they say nothing there."""
    if "asan" in BINARY:
        return 0
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_clients_that_never_read(daemon):
    """They get one answer's room, and nobody waits for them."""
    with Session(path_of(daemon)) as warm:
        for _ in range(200):
            warm.ask("backend one --sql --json")
    before = memory_of(daemon)
    greedy = [Session(path_of(daemon), timeout=1) for _ in range(8)]
    for session in greedy:
        session.socket.setblocking(False)
        asked = 0
        try:
            while asked < 1 << 20:
                asked += session.socket.send(b"backend one --sql --json\n" * 1000)
        except BlockingIOError:
            pass
        assert 0 < asked < 1 << 20, "more questions were taken than can be answered"
    first = polls(daemon.scrape(), "one")
    with Session(path_of(daemon)) as other:
        for _ in range(50):
            start = time.monotonic()
            assert other.ask("backends")[1]
            assert time.monotonic() - start < 2
    page = daemon.wait_polls("one", 5)
    assert polls(page, "one") >= first + 5
    assert memory_of(daemon) - before < 16 << 20
    for session in greedy:
        session.socket.close()
    assert say(daemon, "help")


def test_a_watch_that_nobody_reads(daemon):
    before = memory_of(daemon)
    with Session(path_of(daemon)) as session:
        session.send("watch backend one --sql\n")
        daemon.wait_polls("one", 20)
        assert say(daemon, "help")
    assert memory_of(daemon) - before < 16 << 20


# -- the file --------------------------------------------------------------------------------------


def test_mode_and_end(daemon):
    path = path_of(daemon)
    info = os.lstat(path)
    assert stat.S_ISSOCK(info.st_mode) and stat.S_IMODE(info.st_mode) == 0o660
    daemon.stop()
    assert not exists(path)


def test_the_socket_of_a_killed_daemon_is_taken_over(daemon):
    path = path_of(daemon)
    daemon.kill()
    assert exists(path)
    done = client(path, "actors")
    assert done.returncode == 1 and "Connection refused" in done.stderr
    daemon.start().wait_ready()
    assert say(daemon, "actors")


def test_two_daemons_do_not_share_a_socket(daemon, directory):
    path = path_of(daemon)
    other = Daemon(directory, configuration([], console={"socket": path},
                                            target={"port": daemon.port + 1})).start()
    assert other.process.wait(15) == 1
    assert other.lines("fatal", f"no console at {path}: another daemon serves it"), other.log()
    assert row(data(daemon, "backends"), backend="one")


def test_other_files_are_not_touched(directory):
    path = directory / "precious"
    path.write_text("precious")
    link = directory / "link"
    link.symlink_to(path)
    folder = directory / "folder"
    folder.mkdir()
    for place in (path, link, folder):
        daemon = Daemon(directory, configuration([], console={"socket": str(place)})).start()
        assert daemon.process.wait(15) == 1
        assert daemon.lines("fatal", f"no console at {place}: a file of another kind is there")
    assert path.read_text() == "precious" and link.is_symlink() and folder.is_dir()


@pytest.mark.parametrize("path, reason", [
    ("/nowhere/at/all/c.sock", "No such file or directory"),
    ("/tmp/" + "x" * 120, "the path is longer than 107 bytes"),
])
def test_paths_that_can_not_be(directory, path, reason):
    daemon = Daemon(directory, configuration([], console={"socket": path})).start()
    assert daemon.process.wait(15) == 1
    assert daemon.lines("fatal", f"no console at {path}: {reason}"), daemon.log()


def test_no_console(watch, directory):
    daemon = watch([], console={"socket": ""})
    assert not daemon.lines("console")
    sockets = Path("/proc/net/unix").read_text()
    assert str(daemon.file.with_suffix(".sock")) not in sockets
    with pytest.raises(FileNotFoundError):
        Session(daemon.file.with_suffix(".sock"))


def test_the_default_path_may_be_missing(watch):
    """Without the option a daemon does without: it may be one of several, or not be root."""
    if exists("/run/pgstatsmon"):
        pytest.skip("a daemon is installed here")
    daemon = watch([], console={})
    assert daemon.lines(" info ", "no console at /run/pgstatsmon/console.sock: No such file")
