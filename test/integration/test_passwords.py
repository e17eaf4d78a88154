"""Passwords: right, wrong, and mended while we run."""

import os

import pytest
from harness.daemon import backend

SECRET = "correct horse battery staple"
RULES = [
    "host all postgres 127.0.0.0/8 trust",
    "host all pgstatsmon 127.0.0.0/8 scram-sha-256",
]


@pytest.fixture(scope="module")
def guarded(cluster):
    server = cluster().start()
    server.role(attributes=f"password '{SECRET}'")
    server.allow(*RULES)
    return server


@pytest.fixture
def password_file(directory):
    path = directory / "password"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


def test_scram_with_a_password_file(guarded, watch, password_file):
    daemon = watch([backend("one", guarded)], password_file=str(password_file))
    daemon.wait_up("one")
    assert SECRET not in daemon.log()


def test_scram_with_a_passfile(guarded, watch, directory):
    passfile = directory / "pgpass"
    passfile.write_text(f"*:*:*:pgstatsmon:{SECRET}\n")
    passfile.chmod(0o600)
    daemon = watch(
        [backend("one", guarded)], connections={"parameters": {"passfile": str(passfile)}}
    )
    daemon.wait_up("one")
    assert SECRET not in daemon.log()


def test_wrong_password_is_counted_and_mended(guarded, watch, password_file):
    password_file.write_text("wrong secret")
    daemon = watch([backend("one", guarded)], password_file=str(password_file))
    page = daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="one", reason="auth"),
        what="counted as auth",
    )
    assert page.value("pg_up", backend="one") == 0
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == page.value(
        "pgstatsmon_backend_failures_total", backend="one", reason="auth"
    )
    assert not page.find("pg_stat_bgwriter_buffers_alloc")
    assert "wrong secret" not in daemon.log()
    # Read again at every attempt.
    password_file.write_text(SECRET)
    daemon.wait_up("one")


def test_password_file_that_disappears(guarded, watch, password_file):
    daemon = watch([backend("one", guarded)], password_file=str(password_file))
    daemon.wait_up("one")
    os.unlink(password_file)
    guarded.psql("select pg_terminate_backend(pid) from pg_stat_activity"
                 " where usename = 'pgstatsmon'")
    daemon.wait_for(lambda p: p.value("pg_up", backend="one") == 0, what="down")
    password_file.write_text(SECRET)
    daemon.wait_up("one")


def test_missing_role_without_setup(guarded, watch):
    daemon = watch([backend("one", guarded)], user="nobody", setup={"enabled": False})
    daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="one", reason="auth"),
        what="counted as auth",
    )
