"""Whatever is configured, discovered and read: the page is one that Prometheus takes."""

import json
import os
import random
import re
import signal
import subprocess
import time

from harness import process
from harness.daemon import BINARY, configuration
from harness.prometheus import Prometheus
from harness.waiting import wait_until

SECONDS = 20
ROUNDS = 8

# Label names: our own, Prometheus', queries', wrong ones, and some that are nobody's.
OURS = {"backend", "le", "name", "quantile", "query", "reason", "role", "state", "version"}
DAEMONS = OURS | {"change", "compiler", "source"}
FREE = ["cluster", "zone", "a", "A", "_a", "job", "instance", "relname", "datname", "x" * 100]
WRONG = ["__a", "__name__", "1st", "näme", "a-b", "a b", "", 'a"', "a,b"]
TEXTS = ["", "a\0b", "x", "y", " ", "a\nb", 'say "x"', "back\\slash", "\\", "ünï☃", "\t", "{a=\"1\"} 2", "#",
         "\u0085", "\ufffd", "\x01", "é" * 50]
NUMBERS = ["0", "1", "-1", "1.5", "NaN", "Infinity", "-Infinity", "1e308", "12345678901234567890"]
QUERIES = ["q", "r", "q_c", "pg", "pg_up", "process", "pgstatsmon", "q_querytime_ms", "go"]
COLUMNS = ["n", "m", "c", "count", "sum", "bucket", "total", "up", "info", "querytime_ms",
           "querytime_ms_bucket", "querytime_ms_count"]


class Case:
    """A configuration with its files, mostly right."""

    def __init__(self, chance, home, server):
        self.chance = chance
        self.home = home
        home.mkdir()
        (home / "queries").mkdir()
        self.wild = chance.random() < 0.3  # else names that clash are rare
        self.query_labels = set()
        for i in range(chance.randint(1, 3)):
            self.add_query(i)
        self.metadata = self.labels()
        self.of_source = self.labels()
        self.entries = [self.entry(i, server) for i in range(3)]
        # An empty list would need a second look before it is believed.
        self.entries[2]["labels"] = {"name": "always", "__database__": "postgres"}
        (home / "list.json").write_text(json.dumps(self.entries))

    def some(self, names, most):
        return self.chance.sample(names, self.chance.randint(0, min(most, len(names))))

    def name(self):
        odd = self.chance.random() < (0.5 if self.wild else 0.04)
        return self.chance.choice(WRONG + sorted(DAEMONS) if odd else FREE)

    def labels(self):
        return {self.name(): self.chance.choice(TEXTS) for _ in range(self.chance.randint(0, 2))}

    def literal(self, text):
        text = text.replace("\0", "")  # no server has it
        return "NULL" if self.chance.random() < 0.1 else "'" + text.replace("'", "''") + "'"

    def add_query(self, i):
        names = QUERIES if self.wild else [f"query{i}"]
        labels = sorted({self.name() for _ in range(self.chance.randint(0, 2))})
        self.query_labels |= set(labels)
        columns = self.chance.sample(COLUMNS if self.wild else COLUMNS[:3], self.chance.randint(1, 3))
        rows = [
            [self.literal(self.chance.choice(TEXTS)) for _ in labels]
            + [self.literal(self.chance.choice(NUMBERS)) for _ in columns]
            for _ in range(self.chance.randint(1, 6))
        ]
        rows.append([f"'{n}'" for n in labels] + ["'7'"] * len(columns))
        heads = ", ".join('"' + n.replace('"', '""') + '"' for n in labels + columns)
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        definition = {
            "name": self.chance.choice(names),
            "set": "original",  # has zeros before anything went wrong
            "help": self.chance.choice(["A sentence.", "Back\\slash, \"quotes\" and ünï."]),
            "labels": labels,
            "metrics": [
                {"column": column, "type": self.chance.choice(["counter", "gauge"]), "help": "One.",
                 "duplicates": self.chance.choice(["first", "min", "max", "sum"])}
                for column in columns
            ],
            "versions": [{"sql": f"SELECT * FROM (VALUES {values}) v ({heads})"}],
        }
        (self.home / "queries" / f"{i}.yaml").write_text(json.dumps(definition))

    def entry(self, i, server):
        labels = {**self.labels(), "name": self.chance.choice(["n", f"n{i}", "ünï \"☃\""])}
        labels["__database__"] = self.chance.choice(["postgres", "template1"])
        return {"targets": [f"{server.host}:{server.port}"], "labels": labels}

    def config(self, base):
        return {**base, "queries": str(self.home / "queries"),
                "target": {**base["target"], "metadata": self.metadata},
                "file": {"path": str(self.home / "list.json"), "labels": self.of_source}}

    def served(self):
        """How many of the targets have no label that would be wrong or doubled, none twice."""
        served = set()
        for entry in self.entries:
            labels = {k for k in entry["labels"] if k not in ("name", "__database__")}
            labels = {k for k in labels if not k.startswith("__")}
            if not labels & (OURS | self.query_labels | set(WRONG)):
                served.add((entry["labels"]["name"], entry["labels"]["__database__"]))
        return len(served)

    def refused_rightly(self):
        """Whether a static label, or a query, is what must be refused."""
        static = set(self.metadata) | set(self.of_source)
        bad = static & (self.query_labels | OURS | set(WRONG))
        bad |= set(self.metadata) & DAEMONS
        bad |= self.query_labels & ({"backend", "le", "quantile"} | set(WRONG))
        return bad or self.wild


def promtool_faults(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, timeout=30, check=False)
    return "" if done.returncode in (0, 3) and "parsing" not in done.stderr else done.stderr


def test_no_configuration_makes_a_page_that_prometheus_refuses(primary, directory, watch):
    seed = int(os.environ.get("PGSTATSMON_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}: set PGSTATSMON_SEED to repeat it")
    chance = random.Random(seed)
    home = directory / f"property-{seed}"
    home.mkdir()
    base = configuration([], static=None)
    daemon = None
    prometheus = None
    accepted = 0
    end = time.monotonic() + SECONDS
    try:
        for number in range(ROUNDS * 5):
            if accepted == ROUNDS or (accepted >= 2 and time.monotonic() > end):
                break
            case = Case(chance, home / str(number), primary)
            config = case.config(base)
            file = home / f"{number}.json"
            file.write_text(json.dumps(config))
            check = subprocess.run([BINARY, "--check", str(file)], capture_output=True, text=True,
                                   timeout=30, check=False)
            if check.returncode != 0:
                assert check.returncode == 1 and case.refused_rightly(), check.stderr
                assert re.search(r":\d+:\d+: ", check.stderr), check.stderr
                continue
            accepted += 1
            if daemon is None:
                daemon = watch([], **{**config, "static": None})
                prometheus = Prometheus(home, daemon, interval="300ms")
            else:
                done = len(daemon.lines("the configuration was read again"))
                daemon.file.write_text(json.dumps({**config, "console": daemon.config["console"]}))
                daemon.process.send_signal(signal.SIGHUP)
                wait_until(lambda d=done: len(daemon.lines("was read again")) > d, 20, daemon.log)
            text = settled(daemon, case)
            assert not promtool_faults(text), promtool_faults(text)
            scrape = prometheus.next_scrape()
            assert scrape["health"] == "up", scrape["lastError"]
    finally:
        if prometheus:
            process.stop(prometheus.server)
    assert accepted >= 2


def settled(daemon, case):
    """The page once all that should be served has been polled with the new queries."""

    def all_polled(page):
        up = page.find("pg_up")
        polls = page.find("pgstatsmon_poll_duration_seconds_count")
        families = len(page.find("pg_NaN_error")) // len(up) if up else 0
        return (len(up) == case.served() and all(value == 1 for _, value in up)
                and all(value >= 1 for _, value in polls)
                and families == sum(len(q["metrics"]) for q in definitions(case)))

    return daemon.wait_for(all_polled, 20, "what should be served is").text


def definitions(case):
    return [json.loads(f.read_text()) for f in sorted((case.home / "queries").iterdir())]
