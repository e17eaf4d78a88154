"""Each value of the page is what psql gets for the same SQL, on every major, primary and standby.

psql is asked before and after a poll that asks everything, and a value has to lie between the two. What
moves up and down meanwhile, as the sessions that ask do, is asked again until it does.
"""

import math

from harness.catalogue import SERVER_QUERIES
from harness.daemon import backend
from harness.queries import at_each_poll
from harness.waiting import wait_until
from test_versions import DEFINITIONS, SETS, asked, catalogue, pair  # noqa: F401

JOINED = {"first": lambda values: values[0], "min": min, "max": max, "sum": sum}

# What counts what has happened since it was read last, or is several samples: tests of their own.
ELSEWHERE = {"pg_stat_statements", "pg_stat_kcache", "pg_stat_activity_wait_events"}

# They count the session that asks; test_more_values.py and test_values.py have a way around that.
ASKERS = {
    "pg_sessions_connection_slots",
    "pg_sessions_open",
    "pg_stat_activity_connections",
    "pg_stat_activity_max_tx_duration",
    "pg_stat_database_numbackends",
    "pg_stat_ssl_sessions",
}
PLAIN = {"counter", "gauge", "info"}


def number(row, metric):
    """What the page should have of a cell; None: no sample."""
    if metric["type"] == "info":
        return 1.0
    try:
        value = float(row[metric["column"]]) * metric.get("scale", 1)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def answer(definition, server):
    """The rows, each a dict of texts; None: the server is not asked."""
    sql, _ = catalogue.variant(definition, server)
    if sql is None:
        return None
    end = catalogue.MARK * 2
    pin = "begin read only; set local search_path = pg_catalog, pg_temp; set local work_mem = '4MB';\n"
    described, rows = server.run(f"{pin}{sql}\n\\gdesc\n\\echo {end}\n{sql};\ncommit;").split(f"{end}\n")
    names = [line.strip("\n").split(catalogue.FIELD)[0]
             for line in described.split(catalogue.MARK) if line.strip("\n")]
    lines = rows.strip("\n").split(catalogue.MARK) if rows.strip("\n") else []
    return [dict(zip(names, line.split(catalogue.FIELD), strict=True)) for line in lines]


def samples(name, server):
    """What the page should have of a query: {(family, labels): value}."""
    definition = DEFINITIONS[name]
    found = {}
    for row in answer(definition, server) or []:
        labels = tuple((label, row[label].replace("<null>", "")) for label in definition.get("labels", []))
        for metric in definition["metrics"]:
            if metric["type"] not in PLAIN or metric["column"] not in {*row, "info"}:
                continue
            parts = filter(None, [name, metric["column"], metric.get("unit")])
            family = metric.get("family") or "_".join(parts)
            rule = metric.get("duplicates", definition.get("duplicates", "first"))
            value = number(row, metric)
            if value is not None:
                found.setdefault((family, labels, rule), []).append(value)
    return {(family, labels): JOINED[rule](values) for (family, labels, rule), values in found.items()}


def wrong(page, backend_name, before, after, most):
    """Samples that are not between what psql saw, or that it saw twice and the page has not.

    `most`: rows that the page has at most.
    """
    result = {}
    cut = len({labels for _, labels in before}) > most
    for (family, labels), first in before.items():
        if (family, labels) not in after or family in ASKERS:
            continue
        low, high = sorted((first, after[family, labels]))
        slack = 1e-6 * max(abs(low), abs(high), 1)
        shown = [value for given, value in page.find(family, backend=backend_name, **dict(labels))]
        if not shown and cut:
            continue
        if not shown or not low - slack <= shown[0] <= high + slack:
            result[family, labels] = (low, shown, high)
    return result


def test_every_value_is_what_psql_sees(pair, watch, directory):  # noqa: F811
    names = [x for x in SERVER_QUERIES if x not in ELSEWHERE and "metrics" in DEFINITIONS[x]]
    backends = [backend(name, server) for name, server in zip(("one", "two"), pair)]
    daemon = watch(backends, user="monitor", database="app", collect={"sets": SETS}, interval=1000,
                   queries=str(at_each_poll(directory / "all-at-each-poll", *names)),
                   budget={"server": "100%", "own": "100%"})
    daemon.wait_up("one", "two")
    for name, server in zip(("one", "two"), pair):
        server = asked(server, "monitor")
        left = set(names)
        seen = {}
        last = {}

        def all_right(left=left, seen=seen, last=last, name=name, server=server):
            before = {query: samples(query, server) for query in left}
            page = daemon.wait_polls(name, 2)
            for query in sorted(left):
                after = samples(query, server)
                last[query] = wrong(page, name, before[query], after,
                                    DEFINITIONS[query].get("max_rows", math.inf))
                if not last[query]:
                    seen[query] = len(after)
                    left.discard(query)
            return not left

        wait_until(all_right, what=lambda last=last, left=left: {x: last.get(x) for x in left})
        print(f"{server}: {sum(seen.values())} samples of {sum(x > 0 for x in seen.values())} queries")
        assert sum(x > 0 for x in seen.values()) > 30
