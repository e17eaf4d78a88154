"""`pgstatsmon console` from scripts: exit codes, stdin, quoting, and daemons that come and go."""

import json
import subprocess

import pytest
from harness import process
from harness.console import client, data, path_of, row, say, spawn
from harness.daemon import BINARY
from harness.network import address
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def primary(cluster):
    server = cluster(listen=[address(i) for i in range(1, 4)]).start()
    server.role()
    return server


NAMES = ["one", "with two blanks", "größe"]


@pytest.fixture
def daemon(primary, watch):
    daemon = watch([{"name": name, "ip": host, "port": primary.port}
                    for name, host in zip(NAMES, primary.listen)])
    daemon.wait_up(*NAMES)
    return daemon


def test_no_daemon(directory):
    path = str(directory / "nobody.sock")
    for words in (["actors"], [], ["actors", "--json"]):
        done = client(path, *words, input="actors\n")
        assert (done.returncode, done.stdout) == (1, "")
        reason = f"no daemon answers at {path}: No such file or directory"
        assert done.stderr == f"pgstatsmon: {reason}\n"
    done = client("/" + "x" * 200, "actors")
    assert done.returncode == 1 and "too long" in done.stderr


def test_a_socket_of_somebody_else(directory):
    path = directory / "file"
    path.write_text("")
    done = client(str(path), "actors")
    assert done.returncode == 1 and "no daemon answers" in done.stderr


def test_json_before_and_after(daemon):
    texts = [
        client(path_of(daemon), *words).stdout
        for words in (["--json", "discovery"], ["discovery", "--json"])
    ]
    assert all(json.loads(x)["sources"][0]["source"] == "static" for x in texts)
    before = subprocess.run([BINARY, "console", "--json", "--socket", path_of(daemon), "top"],
                            cwd="/", capture_output=True, text=True, timeout=30)
    assert json.loads(before.stdout)["known"] == 3


@pytest.mark.parametrize("name", NAMES)
def test_names(daemon, name):
    assert data(daemon, "backend", name)["backend"] == name
    assert data(daemon, "poll", name)["poll"] == "ok"
    done = client(path_of(daemon), input=f'backend "{name}" --json\n')
    assert done.returncode == 0 and json.loads(done.stdout)["backend"] == name


def test_one_word_is_no_line(daemon):
    """A shell's quotes make one word, and a name that is none says so."""
    done = client(path_of(daemon), "backend one")
    assert done.returncode == 1 and "unknown command 'backend one'" in done.stderr
    done = client(path_of(daemon), "backend", "")
    assert done.returncode == 1 and "usage: backend NAME" in done.stderr


def test_standard_input(daemon):
    done = client(path_of(daemon), input="help quit\n\n  \nlog --json\r\nhelp poll\n")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["quit ", "  leave"] or lines[:2] == ["quit", "  leave"]
    assert json.loads(lines[2]) == {"level": "info", "backends": []}
    assert lines[3] == "poll NAME"


def test_standard_input_with_a_command_that_fails(daemon):
    """The others are done all the same, and the exit code tells."""
    done = client(path_of(daemon), input="help quit\nnonsense\nhelp poll\n")
    assert done.returncode == 1
    assert "leave" in done.stdout and "poll NAME" in done.stdout
    assert done.stderr.startswith("error: unknown command 'nonsense'")
    assert client(path_of(daemon), input="").returncode == 0


def test_json_of_standard_input(daemon):
    done = client(path_of(daemon), "--json", input="top\nscheduler\n")
    assert [list(json.loads(x))[0] for x in done.stdout.splitlines()] == ["known", "backends"]


def test_the_daemon_is_started_anew(daemon):
    """Between two lines of one client."""
    talking = spawn(daemon, "--json", stdin=subprocess.PIPE)

    def ask(line):
        talking.stdin.write(line.encode() + b"\n")
        talking.stdin.flush()
        return json.loads(talking.stdout.readline())

    try:
        first = ask("log")
        daemon.stop()
        daemon.start().wait_ready()
        assert ask("log") == first
        daemon.kill()
        daemon.start().wait_ready()
        assert ask("log") == first
        talking.stdin.close()
        assert talking.wait(10) == 0, talking.stderr.read()
    finally:
        process.stop(talking)


def test_output_that_nobody_reads(daemon):
    talking = spawn(daemon, stdin=subprocess.PIPE)
    try:
        talking.stdout.close()
        talking.stdin.write(b"actors\n" * 100)
        talking.stdin.close()
        talking.wait(20)
    finally:
        process.stop(talking)
    assert say(daemon, "help")


def test_large_answers(daemon):
    """More than fits into a pipe and a socket, in one piece."""
    text = client(path_of(daemon), input='backend one --sql --json\n' * 200).stdout
    assert len(text) > 1 << 20
    assert all(json.loads(x)["backend"] == "one" for x in text.splitlines())


def test_usage(daemon):
    done = subprocess.run([BINARY, "console", "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "--socket" in done.stdout and "--json" in done.stdout
    done = subprocess.run([BINARY, "console", "--socket"], capture_output=True, timeout=30)
    assert done.returncode == 2


def test_words_of_options_are_the_commands(daemon):
    say(daemon, "pause", "--all")
    wait_until(lambda: row(data(daemon, "backends"), backend="one")["state"] == "ready", 10)
    assert data(daemon, "resume", "--all") == {"resumed": 3}
    tree = say(daemon, "actors", "--tree")
    assert "  connection" in tree
