"""The command line: exit codes, and what is said."""

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
from harness.daemon import BINARY, backend, configuration
from harness.network import address, free_port


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], cwd="/", capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL)


@pytest.fixture
def good(directory):
    path = directory / "good.json"
    entries = [{"name": "alpha", "ip": "192.0.2.1"}, {"name": "beta", "ip": "192.0.2.2"}]
    path.write_text(json.dumps(configuration(entries), indent="\t"))
    return path


@pytest.fixture
def bad(directory):
    path = directory / "bad.json"
    path.write_text('{\n\t"intervall": 1000,\n\t"interval": 0,\n\t"static": {"dbs": []}\n}\n')
    return path


def test_version():
    done = run("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"pgstatsmon \d+\.\d+\.\d+\n", done.stdout)
    assert done.stderr == ""


def test_help():
    done = run("--help")
    assert done.returncode == 0
    for word in ("--check", "--config", "--version", "FILE"):
        assert word in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [[], ["--no-such-option"], ["a", "b"], ["--config"]])
def test_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr and not done.stdout


def test_check_of_a_good_file(good):
    for arguments in (["--check", good], ["--check", "--config", good]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert "alpha" in done.stdout and "beta" in done.stdout


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_bad_file(bad, arguments):
    """Every fault in one run, each with its place."""
    done = run(*arguments, bad)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if str(bad) in line]
    assert len(lines) == 2, done.stderr
    assert f"{bad}:2:" in lines[0] and "intervall" in lines[0] and "interval" in lines[0]
    assert f"{bad}:3:" in lines[1] and "interval" in lines[1]


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "\t\t", "a: b: c", "\x00", "{}"])
def test_files_that_are_no_configuration(directory, text):
    path = directory / "no.json"
    path.write_text(text)
    done = run("--check", path)
    assert done.returncode == 1
    assert str(path) in done.stderr


def test_missing_file(directory):
    done = run(directory / "missing.json")
    assert done.returncode == 1
    assert str(directory / "missing.json") in done.stderr


def test_the_example_file_is_good():
    root = Path(__file__).resolve().parents[2]
    done = run("--check", root / "config" / "pgstatsmon.example.yaml")
    assert done.returncode == 0, done.stderr


def test_listen_port_in_use(directory):
    host = address()
    with socket.create_server((host, free_port(host))) as taken:
        port = taken.getsockname()[1]
        path = directory / "taken.json"
        path.write_text(json.dumps(configuration([], target={"port": port})))
        done = run(path)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if f"{host}:{port}" in line]
    assert len(lines) == 1 and "in use" in lines[0].lower(), done.stderr


def test_same_content_in_yaml(primary, watch):
    daemon = watch([backend("one", primary)])
    daemon.stop()
    daemon.file.write_text(
        f"""
        interval: 200ms
        user: pgstatsmon
        target: {{ip: {daemon.host}, port: {daemon.port}}}
        static:
          dbs:
            - name: one
              ip: {primary.host}
              port: {primary.port}
        """
    )
    daemon.start().wait_ready()
    daemon.wait_up("one")
