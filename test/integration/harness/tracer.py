"""Watching tracepoints of a running daemon with gdb."""

import json
import os
from pathlib import Path

from . import process

# Kinds of the arguments of every probe.
PROBES = {
    "tick__start": [],
    "tick__done": [],
    "backend__start": ["text"],
    "backend__done": ["text"],
    "connect__error": ["text"],
    "backend__query__start": ["text", "text"],
    "backend__query__done": ["text", "text", "number"],
    "query__start": ["text", "text"],
    "query__row": ["text", "text", "text"],
    "query__error": ["text", "text", "text"],
    "query__timeout": ["text", "text"],
    "query__done": ["text", "text", "text"],
    "bad__value": ["text", "text", "number"],
    "replication": ["text", "text", "number", "number", "number", "number"],
}


def traced(daemon, until, times, probes=tuple(PROBES), timeout=60):
    """What happens until a probe has been hit `times` times, as (probe, arguments...) in order.

    The daemon runs on without the debugger then; LeakSanitizer could not work with it.
    """
    wanted = {"probes": {name: PROBES[name] for name in probes}, "until": until, "times": times}
    output = process.run(
        ["gdb", "-nx", "-batch", "-readnever", "-iex", "set debuginfod enabled off"]
        + ["-p", str(daemon.process.pid), "-x", Path(__file__).with_name("inside_gdb.py")],
        timeout=timeout,
        env={**os.environ, "WANTED": json.dumps(wanted)},
    )
    lines = output.splitlines()
    # gdb may be forbidden to attach, and says so without failing.
    assert "the end" in lines, output
    events = [line.removeprefix("event ") for line in lines if line.startswith("event ")]
    return [tuple(json.loads(event)) for event in events]
