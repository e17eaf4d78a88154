"""A host name in place of an address."""

import pytest
from harness.daemon import backend


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
