"""TLS as libpq does it: verified, refused when the authority is a stranger."""

import ssl

import pytest
from harness import certificates, process
from harness.daemon import backend
from harness.proxy import Proxy


CERTIFICATE_END = "pgstatsmon_backend_certificate_expiry_timestamp_seconds"


@pytest.fixture(scope="module")
def authorities(directory):
    return certificates.authority(directory, "ours"), certificates.authority(directory, "stranger")


@pytest.fixture(scope="module")
def secure(cluster, authorities, directory):
    """A server that talks TLS only."""
    server = cluster()
    certificate, key = certificates.server_certificate(directory, authorities[0], server.host)
    server.give("server.crt", certificate)
    server.certificate = certificate
    server.give("server.key", key)
    server.configure(ssl="on")
    server.start()
    server.role()
    server.allow("hostssl all all 127.0.0.0/8 trust")
    return server


def end_of(certificate):
    """Unix time, as openssl reads it."""
    said = process.run(["openssl", "x509", "-noout", "-enddate"], input=certificate)
    return ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter="))


def verified(ca):
    return {"parameters": {"sslmode": "verify-full", "sslrootcert": str(ca)}}


def test_verify_full(secure, authorities, watch):
    daemon = watch([backend("one", secure)], connections=verified(authorities[0]))
    daemon.wait_up("one")
    seen = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'pgstatsmon'"
    assert secure.psql(seen) == "t"
    end = daemon.scrape().value(CERTIFICATE_END, backend="one")
    assert end == end_of(secure.certificate)


def test_visits(secure, authorities, watch):
    """Other databases are visited with the same verification; this server lets in nobody without TLS."""
    secure.psql("create database visited strategy file_copy")
    secure.psql("create table own (id int)", database="visited")
    one = backend("one", secure, databases={"interval": 300})
    daemon = watch([one], connections=verified(authorities[0]))
    page = daemon.wait_for(lambda page: page.find("pg_stat_user_tables_seq_scan", datname="visited"))
    assert page.value("pgstatsmon_database_up", backend="one", datname="visited") == 1
    assert not reasons(page) and not daemon.lines("database visited")


def reasons(page):
    found = page.find("pgstatsmon_backend_failures_total", backend="one")
    return {labels["reason"] for labels, value in found if value > 0}


def test_wrong_authority(secure, authorities, watch):
    daemon = watch([backend("one", secure)], connections=verified(authorities[1]))
    page = daemon.wait_for(reasons, what="a failure")
    assert reasons(page) == {"tls"}
    assert page.value("pg_up", backend="one") == 0


def test_wrong_name(secure, authorities, watch):
    """The certificate is for the server's address, not for the one that we asked."""
    with Proxy(secure, host="127.0.0.1") as proxy:
        daemon = watch([backend("one", proxy)], connections=verified(authorities[0]))
        assert reasons(daemon.wait_for(reasons, what="a failure")) == {"tls"}
        daemon.stop()


def test_tls_that_the_server_does_not_offer(primary, authorities, watch):
    daemon = watch([backend("one", primary)], connections=verified(authorities[0]))
    page = daemon.wait_for(reasons, what="a failure")
    assert reasons(page) == {"tls"}
    assert not page.find(CERTIFICATE_END)
