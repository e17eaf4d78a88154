"""Completion for bash: commands and names come from the daemon, names with / and : are whole."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from harness.daemon import BINARY, backend
from harness.console import path_of

LIBRARY = Path("/usr/share/bash-completion/bash_completion")
OURS = Path(__file__).resolve().parents[2] / "config/completion/pgstatsmon"


@pytest.fixture(scope="module")
def path(directory):
    """PATH with the binary as `pgstatsmon`."""
    place = directory / "completion-bin"
    place.mkdir()
    (place / "pgstatsmon").symlink_to(Path(BINARY).resolve())
    return f"{place}:{os.environ['PATH']}"


def completed(path, line):
    """What TAB offers at the end of a line, as readline would see it."""
    # Readline breaks words at these, too.
    words = shlex.split(line.replace(":", " : ").replace("=", " = ")) + ([""] if line.endswith(" ") else [])
    script = f"""
        . {LIBRARY}; . {OURS}
        COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9
        _pgstatsmon
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PATH": path}, cwd="/")
    assert done.returncode == 0 and not done.stderr, done
    return [x for x in done.stdout.splitlines() if x]


def test_options_and_files(path, directory):
    assert "--print-setup" in completed(path, "pgstatsmon --")
    assert completed(path, "pgstatsmon --che") == ["--check"]
    assert "console" in completed(path, "pgstatsmon con")
    place = directory / "completed"
    place.mkdir()
    for name in ("one.yaml", "two.txt"):
        (place / name).write_text("")
    assert completed(path, f"pgstatsmon --check {place}/") == [f"{place}/one.yaml"]


def test_commands_and_names(primary, watch, path):
    entries = [backend("orders/shop", primary), backend("10.0.0.1:5432", primary, database="template1")]
    daemon = watch(entries)
    daemon.wait_up("orders/shop", "10.0.0.1:5432")
    console = f"pgstatsmon console --socket {path_of(daemon)} "
    assert set(completed(path, console + "back")) == {"backend", "backends", "backendstat"}
    assert completed(path, console + "backend ord") == ["orders/shop"]
    # Of a name with a colon, what is behind it.
    assert completed(path, console + "backend 10.0.0.1:") == ["5432"]
    assert "--disconnect" in completed(path, console + "pause orders/shop --")
    # Of a filter with its value, the value.
    assert completed(path, console + "backends --filter datab") == ["database=postgres", "database=template1"]
    assert completed(path, console + "backends --filter database=tem") == ["template1"]
    assert completed(path, console + "top --sort oldest_t") == ["oldest_transaction"]
    assert completed(path, console + "log --backend ord") == ["orders/shop"]


def test_without_a_daemon(path, directory):
    assert completed(path, f"pgstatsmon console --socket {directory}/nothing backend ") == []
    assert completed(path, "pgstatsmon console --so") == ["--socket"]
