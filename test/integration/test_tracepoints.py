"""The tracepoints: in the binary, and hit in a running daemon that gdb looks into."""

import json
import re

import pytest
from harness import process
from harness.daemon import BINARY, backend
from harness.network import address, free_port
from harness.tracer import PROBES, traced

# In the order of a poll: good, failing, slow, and one with values that are no number.
QUERIES = {
    "good": "select i as one, null as two, 'x\"y' as label from generate_series(1, 2) i",
    "failing": "select 1 / (select 0) as one",
    "slow": "select pg_sleep(30) as one",
    "bad": "select 'NaN'::float8 as one, 'oops' as two from generate_series(1, 3)",
}


def definitions(path, queries):
    """Makes a directory of query definitions."""
    path.mkdir()
    for i, (name, sql) in enumerate(queries.items()):
        metrics = [{"column": x, "type": "gauge", "help": x} for x in ("one", "two")]
        of = {"name": f"pg_{name}", "help": name, "labels": ["label"], "metrics": metrics}
        (path / f"{i}.yaml").write_text(json.dumps({**of, "versions": [{"sql": sql}]}))
    return str(path)


def only(events, *names):
    return [event for event in events if event[0] in names]


def polls(events, name):
    """The events of one backend's polls that are there from their start to their end."""
    result = []
    poll = None
    for event in events:
        if event == ("backend__start", name):
            poll = []
        elif event == ("backend__done", name) and poll is not None:
            result.append(poll)
            poll = None
        elif poll is not None and event[0].startswith(("query", "backend__query")):
            poll.append(event)
    return result


def test_notes():
    """Each probe is in the binary with its arguments and a semaphore of its own."""
    notes = re.findall(
        r"Provider: (\S+)\s+Name: (\S+)\s+Location: \S+, Base: \S+, Semaphore: (\S+)"
        r"\s+Arguments:(.*)",
        process.run(["readelf", "--notes", "--wide", BINARY]),
    )
    ours = [note for note in notes if note[0] == "pgstatsmon"]
    assert {name for _, name, _, _ in ours} == set(PROBES)
    semaphores = {}
    for _, name, semaphore, arguments in ours:
        assert len(arguments.split()) == len(PROBES[name]), name
        assert int(semaphore, 16) != 0, name
        assert semaphores.setdefault(name, semaphore) == semaphore
    assert len(set(semaphores.values())) == len(PROBES)


def check(poll):
    good, failing, slow, bad = QUERIES.values()
    begin, end = ("backend__query__start", "query__start"), ("backend__query__done",)
    assert [event[0] for event in poll] == [
        *(*begin, "query__row", "query__row", "query__done", *end),
        *(*begin, "query__error", *end),
        *(*begin, "query__timeout", *end),
        *(*begin, "query__row", "query__row", "query__row", "query__done", *end),
    ]
    for probe in begin[0], *end:
        found = [event[:3] for event in only(poll, probe)]
        assert found == [(probe, "one", f"pg_{name}") for name in QUERIES]
    assert only(poll, "query__start") == [("query__start", x, "one") for x in QUERIES.values()]
    assert only(poll, "query__row") == [
        *(("query__row", good, f'{{"one":{i},"two":null,"label":"x\\"y"}}', "one") for i in (1, 2)),
        *[("query__row", bad, '{"one":"NaN","two":"oops"}', "one")] * 3,
    ]
    assert only(poll, "query__error") == [("query__error", failing, "division by zero", "one")]
    assert only(poll, "query__timeout") == [("query__timeout", slow, "one")]
    done = only(poll, "query__done")
    assert [(sql, name) for _, sql, _, name in done] == [(good, "one"), (bad, "one")]
    results = [json.loads(result) for _, _, result, _ in done]
    assert [result["rows"] for result in results] == [2, 3]
    assert all(0 <= result["time_ms"] < 60_000 for result in results)
    took = [event[3] for event in only(poll, *end)]
    assert took[1:3] == [0, 0]
    assert [took[0] / 1e6, took[3] / 1e6] == pytest.approx([x["time_ms"] for x in results])


def test_queries(primary, watch, directory):
    daemon = watch(
        [backend("one", primary)],
        queries=definitions(directory / "traced", QUERIES),
        connections={"query_timeout": 500},
    )
    daemon.wait_polls("one", 1)
    events = traced(daemon, "backend__done", 4)
    whole = polls(events, "one")
    assert len(whole) >= 2
    for poll in whole:
        check(poll)
    # The three rows have the same labels, and the first is kept.
    assert set(only(events, "bad__value")) == {("bad__value", "one", "pg_bad", 1)}
    # One per column and poll; the last poll's values may not have been decoded yet.
    assert len(only(events, "bad__value")) >= 2 * (len(whole) - 1)


def test_ticks(primary, watch):
    """A tick after the other, in each a poll, and an error for a backend without a connection."""
    dead = {"name": "dead", "ip": address(), "port": free_port()}
    daemon = watch([backend("one", primary), dead], interval=2000)
    daemon.wait_up("one")
    daemon.wait_for(lambda page: page.value("pg_connect_error", backend="dead") >= 1)
    wanted = ("tick__start", "tick__done", "backend__start", "backend__done", "connect__error")
    events = traced(daemon, "tick__done", 3, wanted)
    first = events.index(("tick__start",))
    ticks = "".join(
        {"tick__start": "<", "tick__done": ">", "backend__start": "(", "backend__done": ")",
         "connect__error": "!"}[event[0]]
        for event in events[first:]
    )
    # Between two ticks another thread may have its say.
    assert re.fullmatch(r"(<[^<>]*>[^<>]*)+", ticks), ticks
    # A poll may begin in one tick and end in the next.
    polls = re.sub("[<>]", "", ticks)
    assert re.fullmatch(r"!?\)?(\(!?\)|!)*(\(!?)?", polls), ticks
    assert abs(polls.count("(") - 3) <= 1 and abs(polls.count("!") - 3) <= 1, ticks
    assert set(only(events, "backend__start", "backend__done")) == {
        ("backend__start", "one"), ("backend__done", "one")
    }
    assert set(only(events, "connect__error")) == {("connect__error", "dead")}


def test_replication(cluster, watch):
    upstream = cluster("upstream").start()
    upstream.role()
    cluster.standby_of(upstream).start()
    daemon = watch([backend("shard.one", upstream)])
    page = daemon.wait_for(
        lambda page: page.find("pg_stat_replication_replica_wal_replayed_bytes")
    )
    family = "pg_stat_replication_{}_bytes"
    columns = ("wal_sent", "replica_wal_written", "replica_wal_flushed", "replica_wal_replayed")
    before = [page.value(family.format(column)) for column in columns]
    (event,) = traced(daemon, "replication", 1, ("replication",))
    page = daemon.wait_polls("shard.one", 1)
    after = [page.value(family.format(column)) for column in columns]
    _, name, labels, *positions = event
    assert name == "shard.one"
    assert labels.startswith('sync_state="async",application_name="standby",client_addr="127.')
    for low, position, high in zip(before, positions, after, strict=True):
        assert 0 < low <= position <= high


def test_a_query_ends_with_its_connection(primary, watch, directory):
    """Each query that has a start gets its end, also when the server goes meanwhile."""
    sql = "select pg_terminate_backend(pg_backend_pid()) as one"
    queries = definitions(directory / "last", {"last": sql})
    daemon = watch([backend("one", primary)], queries=queries)
    daemon.wait_for(lambda page: page.total("pgstatsmon_backend_failures_total") >= 1)
    events = traced(daemon, "backend__done", 1)
    (poll,) = polls(events, "one")
    assert poll == [
        ("backend__query__start", "one", "pg_last"),
        ("query__start", sql, "one"),
        ("query__error", sql, "ended", "one"),
        ("backend__query__done", "one", "pg_last", 0),
    ]
