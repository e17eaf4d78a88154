"""Servers that are reached through a directory of Unix sockets, with peer authentication."""

import json
import os
import pwd

import pytest

# Nobody but the administrator may come over TCP.
RULES = ["host all postgres 127.0.0.0/8 trust", "local all all peer map=watch"]


@pytest.fixture(scope="module")
def server(cluster):
    server = cluster("local")
    server.configure(unix_socket_directories=server.home)
    we = pwd.getpwuid(os.geteuid()).pw_name
    server.give("pg_ident.conf", f"watch {we} pgstatsmon\nwatch {we} postgres\n")
    server.allow(*RULES)
    return server.start()


def static(server, directory):
    return {"static": {"dbs": [{"name": "one", "ip": str(server.home), "port": server.port}]}}


def from_a_file(server, directory):
    file = directory / "sockets.json"
    file.write_text(json.dumps([{"targets": [f"{server.home}:{server.port}"],
                                 "labels": {"__name__": "one"}}]))
    return {"static": None, "file": {"path": str(file)}}


def by_parameter(server, directory):
    """The address names a server that does not listen there."""
    return {"static": {"dbs": [{"name": "one", "ip": "127.0.0.1", "port": server.port}]},
            "connections": {"parameters": {"host": str(server.home)}}}


@pytest.mark.parametrize("how", [static, from_a_file, by_parameter])
def test_a_directory_is_a_way_to_a_server(server, watch, directory, how):
    server.psql("drop role if exists pgstatsmon")
    daemon = watch([], **how(server, directory))
    page = daemon.wait_for(lambda p: p.find("pg_up") and p.find("pg_up")[0][1] == 1, what="it is up")
    # Setup came the same way, and as who we are.
    assert page.total("pgstatsmon_backend_failures_total") == 0
    assert page.find("pgstatsmon_backend_setup", state="done")[0][1] == 1
    ways = "select distinct client_addr is null from pg_stat_activity where usename = 'pgstatsmon'"
    assert server.psql(ways) == "t"
    daemon.stop()


def test_a_peer_that_is_not_let_in_is_counted_as_that(server, watch):
    server.allow(RULES[0], "local all postgres peer map=watch", "local all all peer")
    daemon = watch([], **static(server, None))
    page = daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="one", reason="auth"),
        what="counted as auth",
    )
    assert page.value("pg_up", backend="one") == 0
    server.allow(*RULES)
    daemon.wait_up("one")


def test_a_socket_that_is_not_there_is_a_server_that_is_not_there(server, watch, directory):
    nobody = {"name": "one", "ip": str(directory), "port": server.port}
    daemon = watch([nobody])
    daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="one", reason="refused"),
        what="counted as refused",
    )
