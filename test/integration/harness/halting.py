"""Threads that are halted as a debugger does it, while all others run."""

import ctypes
import os
from contextlib import contextmanager
from pathlib import Path

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000


def _ptrace(request, thread):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {thread}")


def actor_threads(pid):
    """Those that run actors, but for the one in which the console runs: the REACTORs, and threads of
    detached actors."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    threads = [(int(x.name), (x / "comm").read_text().strip()) for x in tasks]
    found = [thread for thread, name in threads if name in ("reactor", "caf.actor")]
    assert sum(name == "reactor" for _, name in threads) >= 1, threads
    return found


@contextmanager
def halted(threads):
    """They do nothing in here."""
    seized = []
    try:
        for thread in threads:
            _ptrace(PTRACE_SEIZE, thread)
            seized.append(thread)
            _ptrace(PTRACE_INTERRUPT, thread)
            os.waitpid(thread, WAIT_ALL)
        yield
    finally:
        for thread in seized:
            _ptrace(PTRACE_DETACH, thread)
