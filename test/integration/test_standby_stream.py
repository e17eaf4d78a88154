"""A standby whose stream is broken never looks as if it had no lag, however it broke."""

import os
import signal

import pytest
from harness.daemon import backend
from harness.prometheus import Prometheus, rules
from harness.proxy import Proxy
from harness.waiting import wait_until

ALERT = next(e for _, name, e in rules() if name == "PostgresStandbyNotStreaming")


def follow(standby, host, port):
    """Makes a standby stream from there; pg_basebackup has written where it did before."""
    source = f"host={host} port={port} user=postgres application_name=standby"
    standby.psql(f"alter system set primary_conninfo = '{source}'")
    standby.reload()


@pytest.fixture
def pair(cluster):
    """A primary and a standby that streams through a proxy and has replayed a transaction."""
    primary = cluster().start()
    primary.role()
    primary.role("plain", monitor=False)
    with Proxy(primary) as proxy:
        standby = cluster.standby_of(primary)
        standby.configure(wal_retrieve_retry_interval="100ms")
        standby.start()
        follow(standby, proxy.host, proxy.port)
        proxied = f"select sender_port = {proxy.port} from pg_stat_wal_receiver"
        wait_until(lambda: standby.psql(proxied) == "t", 20, "it streams through the proxy")
        primary.psql("create table t (id int)")
        wait_until(lambda: standby.psql("select to_regclass('t')") == "t", 10, "t is replayed")
        yield primary, standby, proxy


def value(page, name):
    return page.value(name, backend="standby")


def streams(page):
    return value(page, "pg_wal_receiver_streaming") == 1


def nothing_is_unreplayed(page):
    """What alone was looked at once: it says that there is no lag."""
    received = value(page, "pg_recovery_wal_received_bytes")
    return received == value(page, "pg_recovery_wal_replayed_bytes")


def watched(watch, standby, **options):
    daemon = watch([backend("standby", standby)], **options)
    daemon.wait_up("standby")
    return daemon


def stop_primary(primary, standby, proxy):
    primary.stop()


def refuse(primary, standby, proxy):
    proxy.refuse()


def reset_each_time(primary, standby, proxy):
    primary.allow("host all all 127.0.0.0/8 trust")  # none for replication
    proxy.cut()


def wrong_conninfo(primary, standby, proxy):
    follow(standby, proxy.host, 1)


BREAKS = [stop_primary, refuse, reset_each_time, wrong_conninfo]


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda function: function.__name__)
def test_a_broken_stream_is_on_the_page_within_two_polls(pair, watch, break_it):
    primary, standby, proxy = pair
    daemon = watched(watch, standby)
    page = daemon.wait_for(streams, what="it streams")
    assert value(page, "pg_wal_receiver_running") == 1
    daemon.wait_for(lambda page: value(page, "pg_replication_lag_seconds") == 0, what="no lag")

    break_it(primary, standby, proxy)
    gone = "select count(*) from pg_stat_wal_receiver"
    wait_until(lambda: standby.psql(gone) == "0", 20, "the receiver is gone")
    page = daemon.wait_polls("standby", 2)
    assert value(page, "pg_up") == 1
    assert value(page, "pg_wal_receiver_running") == 0
    assert value(page, "pg_wal_receiver_streaming") == 0
    assert value(page, "pg_wal_receiver_configured") == 1
    assert not page.find("pg_wal_receiver_last_message_age_seconds", backend="standby")
    assert not page.find("pg_stat_wal_receiver_status", backend="standby")
    assert nothing_is_unreplayed(page)
    lag = value(page, "pg_replication_lag_seconds")
    assert lag > 0
    later = value(daemon.wait_polls("standby", 2), "pg_replication_lag_seconds")
    assert later > lag


def test_a_stream_that_comes_back_ends_the_lag(pair, watch):
    _, standby, proxy = pair
    daemon = watched(watch, standby)
    daemon.wait_for(streams, what="it streams")
    proxy.refuse()
    daemon.wait_for(lambda page: value(page, "pg_wal_receiver_streaming") == 0, what="cut")
    proxy.accept()
    daemon.wait_for(streams, what="it streams again")
    daemon.wait_for(lambda page: value(page, "pg_replication_lag_seconds") == 0, what="no lag")


def test_a_sender_that_says_nothing_makes_its_last_message_old(pair, watch):
    primary, standby, _ = pair
    daemon = watched(watch, standby)
    daemon.wait_for(streams, what="it streams")
    sender = int(primary.psql("select pid from pg_stat_replication"))
    os.kill(sender, signal.SIGSTOP)
    try:
        first = value(daemon.wait_polls("standby", 2), "pg_wal_receiver_last_message_age_seconds")
        page = daemon.wait_for(
            lambda page: value(page, "pg_wal_receiver_last_message_age_seconds") > first + 1,
            what="the last message grows old",
        )
        assert value(page, "pg_stat_wal_receiver_status") == 2
    finally:
        os.kill(sender, signal.SIGCONT)


def test_a_receiver_without_news_longer_than_its_timeout_has_lag(pair, watch):
    """The receiver ends itself then; until it does, what it has replayed proves nothing."""
    primary, standby, proxy = pair
    daemon = watched(watch, standby)
    daemon.wait_for(streams, what="it streams")
    receiver = int(standby.psql("select pid from pg_stat_wal_receiver"))
    os.kill(receiver, signal.SIGSTOP)
    try:
        standby.configure(wal_retrieve_retry_interval="100ms", wal_receiver_timeout="1s")
        standby.reload()
        page = daemon.wait_for(
            lambda page: value(page, "pg_replication_lag_seconds") > 0, what="it has lag"
        )
        assert nothing_is_unreplayed(page)
        assert value(page, "pg_wal_receiver_streaming") == 1
    finally:
        os.kill(receiver, signal.SIGCONT)


def test_a_role_that_sees_no_receiver_sees_that_there_is_none(pair, watch):
    _, standby, proxy = pair
    daemon = watched(watch, standby, user="plain", setup={"enabled": False})
    page = daemon.wait_for(lambda page: value(page, "pg_wal_receiver_running") == 1, what="runs")
    assert value(page, "pg_wal_receiver_streaming") is None
    proxy.refuse()
    page = daemon.wait_for(lambda page: value(page, "pg_wal_receiver_running") == 0, what="cut")
    assert value(page, "pg_wal_receiver_streaming") == 0


def test_a_paused_replay_is_seen(pair, watch):
    _, standby, _ = pair
    daemon = watched(watch, standby)
    paused = "pg_replication_replay_paused"
    daemon.wait_for(lambda page: value(page, paused) == 0, what="not paused")
    standby.psql("select pg_wal_replay_pause()")
    daemon.wait_for(lambda page: value(page, paused) == 1, what="paused")
    standby.psql("select pg_wal_replay_resume()")
    daemon.wait_for(lambda page: value(page, paused) == 0, what="not paused")


def test_a_promoted_standby_has_no_stream_to_miss(pair, watch):
    primary, standby, _ = pair
    daemon = watched(watch, standby)
    assert value(daemon.wait_for(streams), "pg_replication_is_replica") == 1
    primary.stop()
    standby.promote()
    page = daemon.wait_for(
        lambda page: value(page, "pg_replication_is_replica") == 0, what="it is a primary"
    )
    assert value(page, "pg_replication_lag_seconds") == 0
    for name in ("running", "streaming", "last_message_age_seconds", "configured"):
        assert not page.find(f"pg_wal_receiver_{name}", backend="standby")


def test_the_alert_lasts_as_long_as_the_fault(pair, watch, directory):
    _, standby, proxy = pair
    daemon = watched(watch, standby)
    daemon.wait_for(streams, what="it streams")
    with Prometheus(directory, daemon) as prometheus:
        seen = "count_over_time(pg_wal_receiver_streaming[5m]) >= 2"
        wait_until(lambda: prometheus.query(seen), 30, "Prometheus has scraped")
        assert not prometheus.query(ALERT)
        proxy.refuse()
        wait_until(lambda: prometheus.query(ALERT), 40, "the alert's expression is true")
        for scrape in range(5):
            count = float(prometheus.query("count_over_time(pg_up[5m])")[0]["value"][1])
            more = f"count_over_time(pg_up[5m]) > {count}"
            wait_until(lambda: prometheus.query(more), 20, "another scrape")
            assert prometheus.query(ALERT), scrape
