"""A host name in place of an address."""

import os

import pytest
from harness.daemon import backend
from harness.network import address
from harness.proxy import Proxy


@pytest.fixture(scope="module")
def local(cluster):
    server = cluster(listen=["127.0.0.1"]).start()
    server.role()
    return server


def test_host_name(local, watch):
    daemon = watch([{"name": "one", "ip": "localhost", "port": local.port}])
    daemon.wait_up("one")


def test_name_that_does_not_exist(local, watch):
    """It fails alone, and as what it is."""
    daemon = watch(
        [{"name": "nowhere", "ip": "no-such-host.invalid", "port": 5432}, backend("one", local)]
    )
    daemon.wait_up("one")
    page = daemon.wait_for(
        lambda p: p.value("pgstatsmon_backend_failures_total", backend="nowhere", reason="dns"),
        what="counted as dns",
    )
    assert page.value("pg_up", backend="nowhere") == 0
    assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0


@pytest.fixture
def hosts(directory):
    """Gives the daemon names of its own: hosts({name: [addresses]}) is what it is started with."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a process a hosts file of its own")

    def prefix(names):
        file = directory / "hosts"
        file.write_text("".join(f"{x} {name}\n" for name, xs in names.items() for x in xs))
        own = f'mount --bind {file} /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", own, "sh"]

    return prefix


def test_a_silent_first_address_costs_its_share(cluster, watch, hosts):
    with Proxy(frozen=True, host=address(1)) as silent:
        server = cluster("second", port=silent.port).start()
        server.role()
        daemon = watch(
            [{"name": "one", "ip": "db.example", "port": silent.port}],
            prefix=hosts({"db.example": [silent.host, server.host]}),
        )
        page = daemon.wait_up("one")
        assert silent.connections == 1
        assert page.total("pgstatsmon_backend_failures_total", backend="one") == 0
        assert len(daemon.lines("one", silent.host, server.host)) == 1, daemon.log()

        # The one that has answered comes first now.
        server.psql("select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'pgstatsmon'")
        connects = "pgstatsmon_backend_connects_total"
        daemon.wait_for(lambda p: p.value(connects, backend="one") == 2, what="connected again")
        assert silent.connections == 1
        daemon.stop()
