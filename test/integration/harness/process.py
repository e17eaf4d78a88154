"""Starting programs that can't outlive us."""

import ctypes
import os
import pwd
import resource
import signal
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def unprivileged_user():
    """The user for what refuses to run as root: `postgres` when we are root, else nobody else."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _identity(user):
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def spawn(command, user=None, dies_with_us=signal.SIGKILL, limits=None, **options):
    """Popen in a session of its own, so that a terminal's Ctrl-C is ours alone to pass on.

    `limits` maps resource.RLIMIT_* to (soft, hard).
    """

    def die_with_parent():
        _libc.prctl(PR_SET_PDEATHSIG, dies_with_us)
        for number, value in (limits or {}).items():
            resource.setrlimit(number, value)

    return subprocess.Popen(
        command,
        preexec_fn=die_with_parent,
        start_new_session=True,
        cwd="/",
        **_identity(user),
        **options,
    )


def run(command, user=None, timeout=120, **options):
    """Runs a command to its end; its output is part of the error when it fails."""
    done = subprocess.run(
        command,
        cwd="/",
        text=True,
        timeout=timeout,
        stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **_identity(user),
        **options,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def stop(process, signals=(signal.SIGTERM, signal.SIGKILL), timeout=60):
    """Ends a process, each signal having `timeout` seconds to do it; returns its exit code."""
    for number in signals:
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"process {process.pid} does not end")
