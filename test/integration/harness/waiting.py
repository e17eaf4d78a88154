"""Waiting for a condition, never longer than a deadline."""

import threading
import time

# Seconds to wait for what must come, however busy the machine is: only a failure takes so long.
PATIENCE = 60.0


class Timeout(AssertionError):
    """A condition did not become true in time."""


def wait_until(condition, timeout=PATIENCE, what="", every=0.02):
    """Returns the first true value of `condition()`, asked every `every` seconds.

    Raises Timeout after `timeout` seconds. `what` says what was waited for; a callable is asked
    only when the wait fails.
    """
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            text = what() if callable(what) else what
            raise Timeout(f"not within {timeout} s: {text or condition}")
        pause.wait(every)
