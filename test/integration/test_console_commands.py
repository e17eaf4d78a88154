"""The console's views of a primary, its standby and a server that is not there."""

import json
import re
import statistics
import urllib.parse

import pytest
from harness.console import client, data, masked, path_of, row, say
from harness.catalogue import AT_EACH_POLL, QUERIES
from harness.daemon import backend
from harness.network import address, free_port
from harness.waiting import wait_until


class Nothing:
    """Nobody listens here."""

    host, port = address(), free_port()


@pytest.fixture(scope="module")
def servers(primary, cluster):
    return primary, cluster.standby_of(primary).start()


@pytest.fixture
def daemon(servers, watch):
    one, other = servers
    daemon = watch([backend("one", one, labels={"rack": "a"}), backend("other", other),
                    backend("dead", Nothing)],
                   collect={"sets": ["original"]})
    daemon.wait_up("one", "other")
    daemon.wait_polls("other", 2)
    failures = "pgstatsmon_backend_failures_total"
    daemon.wait_for(lambda page: page.total(failures, backend="dead") > 0)
    return daemon


# -- help ------------------------------------------------------------------------------------------

HELP = """
top [--filter LABEL=VALUE]... [--sort COLUMN]
the night's screen: worst backends first
backends [--filter LABEL=VALUE]... [--sort COLUMN]
every backend, or those with a label, a role, a state;
by name, or by a column
backend NAME [--sql]  one backend: states, plan, last poll as a timeline,
last errors
plan NAME [--sql]  every query of one backend: asked how often, or why
not
statements NAME [--sql]  what takes one backend's time: its statements with
their texts, the dearest first
locks NAME  who waits for whom on one backend, now; and who holds
back what
clusters  every cluster: who follows whom, and how far behind
cluster  the daemons that share this fleet: members, slots,
moves, leases, doubts
queries  every query over the fleet: times, rows, errors, share
of a poll
scheduler  what is in flight, what waits, the last ticks
discovery  the sources, and what they offer that is not watched
actors [--tree]  every live actor; --tree: who spawned whom
actor ID  one actor with its last messages
poll NAME  poll a backend now and show the result
pause NAME|--all [FOR] [--disconnect]
stop polling, for instance for 10m; connections stay,
or are closed until then
resume NAME|--all  poll again, each at its next turn
log [LEVEL [--backend NAME]]
change the log level, of one backend or of all; until
the next reload
backendstat  per backend since the last look: latency, timeouts,
errors
querystat  the same per query
walstat  per replica since the last look: bytes sent, written,
flushed, replayed
help [COMMAND]  this
quit  leave
watch COMMAND  the same again every second; Enter ends it. COMMAND
--watch does as well

--json makes an answer JSON. Names with blanks stand in "quotes".
"""


def test_help(daemon):
    assert masked(say(daemon, "help")) == masked(HELP)
    assert say(daemon, "help", "poll").startswith("poll NAME\n")
    done = client(path_of(daemon), "help", "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: no command is called 'nothing'\n"


def test_help_for_programs(daemon):
    for words in (["help", "--json"], ["--json", "help"], ["?", "--json"]):
        rows = json.loads(say(daemon, *words))
        assert {"command": "quit", "usage": None, "help": "leave"} in rows
    row, = json.loads(say(daemon, "help", "poll", "--json"))
    assert (row["command"], row["usage"]) == ("poll", "NAME")


WRONG = {
    "bakends": "unknown command 'bakends', did you mean 'backends'?; 'help' lists them",
    "backend": "usage: backend NAME [--sql]",
    "backend otter": "no backend is called 'otter', did you mean 'other'?",
    "actor 1x": "no live actor has the number '1x'",
    "actor 18446744073709551616": "no live actor has the number '18446744073709551616'",
    "pause one never": "'never' is no time, expected one like 500ms, 90s, 10m, 1.5h or 2d",
    "poll otter": "no backend is called otter",
    "log loud": "the level is none of trace, debug, info, warn, error, fatal, default",
    "watch quit": "quit can't be watched",
    "actors --sql": "usage: actors [--tree]",
}


def test_wrong_lines(daemon):
    for line, sentence in WRONG.items():
        done = client(path_of(daemon), *line.split())
        assert (done.returncode, done.stdout) == (1, ""), line
        assert done.stderr == f"error: {sentence}\n"
        done = client(path_of(daemon), *line.split(), "--json")
        assert done.returncode == 1
        assert json.loads(done.stdout + done.stderr) == {"error": sentence}


# -- actors ----------------------------------------------------------------------------------------

ACTOR_KEYS = ["id", "kind", "of", "state", "mailbox", "mailbox_max", "messages", "busy_seconds",
              "longest_seconds", "age_seconds", "restarts", "parent"]

TREE = """
id  kind  of  state  mailbox  max  messages  busy  longest  age  restarts  parent
N  worker  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  gate  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  registry  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  scheduler  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  connection  one  idle  N  N  N  TIME  TIME  TIME  N  N
N  connection  other  idle  N  N  N  TIME  TIME  TIME  N  N
N  connection  dead  idle  N  N  N  TIME  TIME  TIME  N  N
N  fleet  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  discovery  -  idle  N  N  N  TIME  TIME  TIME  N  -
N  console  -  running  N  N  N  TIME  TIME  TIME  N  -
N  desk  -  idle  N  N  N  TIME  TIME  TIME  N  -
"""


def test_actors(daemon):
    # At rest, so that all but the console are idle.
    say(daemon, "pause", "--all")
    daemon.wait_for(lambda page: page.value("pgstatsmon_in_flight") == 0)
    rows = data(daemon, "actors")
    assert all(list(x) == ACTOR_KEYS for x in rows)
    scheduler = row(rows, kind="scheduler")
    for x in rows:
        below = x["kind"] == "connection"
        assert x["parent"] == (scheduler["id"] if below else None)
        assert (x["of"] in ("one", "other", "dead")) == below
        assert x["restarts"] == 0 and 0 <= x["mailbox"] <= 10
        assert 0 <= x["longest_seconds"] <= x["busy_seconds"] <= x["age_seconds"] < 90
    assert all(x["mailbox_max"] < 20 for x in rows), rows
    assert scheduler["messages"] > 10

    # Children stand under their parent, two columns to the right.
    text = say(daemon, "actors", "--tree")
    assert masked(text) == TREE.strip()
    start = {m[1]: m.start(1) for m in re.finditer(r"^ *\d+ +(\w+)", text, re.M)}
    column = {kind: at - text.rindex("\n", 0, at) for kind, at in start.items()}
    assert column["connection"] == column["scheduler"] + 2
    assert column["scheduler"] == column["worker"] == column["discovery"]
    assert masked(say(daemon, "actors")).splitlines()[0] == TREE.split("\n")[1]


def test_actor(daemon):
    rows = data(daemon, "actors")
    for kind, expected in (
        ("connection", {"poll", "socket_ready"}),
        ("scheduler", {"tick", "poll_report (answer)"}),
    ):
        of = None if kind == "scheduler" else "one"
        actor = data(daemon, "actor", str(row(rows, kind=kind, of=of)["id"]))
        assert list(actor) == [*ACTOR_KEYS, "handles", "handles_for_seconds", "newest_messages"]
        assert (actor["kind"], actor["of"]) == (kind, of)
        newest = actor["newest_messages"]
        assert 2 < len(newest) <= 20
        assert expected <= {x["message"] for x in newest}, newest
        ages = [x["ago_seconds"] for x in newest]
        assert ages == sorted(ages, reverse=True) and 0 <= ages[-1] < 30
        assert all(0 <= x["took_seconds"] < 10 for x in newest)


# -- backends --------------------------------------------------------------------------------------

BACKENDS = """
backend  up  state  for  role  version  age  poll  series  failure  next  address  database  source  labels
dead  no  paused  N  unknown  unknown  -  -  N  refused  paused  ADDRESS  postgres  static  -
one  yes  paused  N  primary  VERSION  N  N  N  -  paused  ADDRESS  postgres  static  rack=a
other  yes  paused  N  standby  VERSION  N  N  N  -  paused  ADDRESS  postgres  static  -
"""

BACKEND_KEYS = ["backend", "id", "kind", "address", "port", "database", "user", "source", "labels",
                "state", "state_seconds", "up", "since", "failure", "last_failure", "setup", "version", "role",
                "age_seconds", "round_trip_seconds", "poll_seconds", "series", "connects",
                "polls_skipped", "restarts", "paused", "interval_seconds", "interval_reason",
                "next_poll_seconds", "budget_used",
                "own_budget_used", "stretched_queries", "log_level"]


def test_backends(daemon, servers):
    rows = data(daemon, "backends")
    assert all(list(x) == BACKEND_KEYS for x in rows)
    assert [x["backend"] for x in rows] == ["dead", "one", "other"]
    # The same of one, and more.
    assert list(data(daemon, "backend", "one"))[: len(BACKEND_KEYS)] == BACKEND_KEYS
    page = daemon.scrape()
    for x in rows[1:]:
        assert x["up"] is True and x["failure"] is None
        assert x["state"] in ("ready", "polling")
        assert 0 <= x["age_seconds"] < 5 and 0 < x["poll_seconds"] < 5
        assert 0 <= x["next_poll_seconds"] <= 0.2
        assert x["series"] == page.value("pgstatsmon_backend_series", backend=x["backend"])
    assert (rows[0]["failure"], rows[0]["last_failure"]) == ("refused", "refused")
    assert rows[0]["age_seconds"] is None
    say(daemon, "pause", "--all")
    daemon.wait_for(lambda page: page.value("pgstatsmon_in_flight") == 0)
    text = say(daemon, "backends")
    version = servers[0].psql("show server_version_num")
    version = f"{int(version) // 10000}.{int(version) % 10000}"
    assert re.sub(r"\b(\d+(\.\d+)?(ms|s|m)|N)\b", "N", masked(text.replace(version, "VERSION"))) \
        == BACKENDS.strip()
    # Columns are aligned: names on the left, numbers on the right.
    lines = text.splitlines()
    assert len({line.find("  yes  ") for line in lines[2:]}) == 1
    assert len({line.find("  paused  127") for line in lines[1:]}) == 1


def names(daemon, *words):
    return [x["backend"] for x in data(daemon, *words)]


def test_filters_and_sorts(daemon):
    def chosen(**parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return [x["backend"] for x in json.loads(daemon.get(f"/api/v1/backends?{query}").body)]

    for filters, expected in (
        (["rack=a"], ["one"]),
        (["rack!=a"], ["dead", "other"]),
        (["role=standby"], ["other"]),
        (["up=yes", "backend=o*"], ["one", "other"]),
        (["cluster_state=attached"], ["other"]),
        (["failure=refused"], ["dead"]),
        (["source=file"], []),
    ):
        options = [x for filter in filters for x in ("--filter", filter)]
        wait_until(lambda: names(daemon, "backends", *options) == expected, 20,
                   lambda: f"{filters}, not {names(daemon, 'backends', *options)}")
        assert sorted(chosen(filter=filters)) == expected
        assert {x["backend"] for x in data(daemon, "top", *options)["backends"]} == set(expected)
    assert names(daemon, "backends", "--sort", "age")[2] == "dead"  # it has none
    assert names(daemon, "backends", "--sort=-role") == chosen(sort="-role") == ["dead", "other", "one"]
    assert [x["backend"] for x in data(daemon, "top", "--sort", "role")["backends"]] \
        == ["one", "other", "dead"]
    answer = daemon.get("/api/v1/backends?sort=roles")
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "error": "sort by 'roles', which is no label and no column; did you mean 'role'?"}


def test_a_terminal_has_room_for_so_much(daemon):
    for width in ("80", "100"):
        for line in (["top"], ["backends"], ["backend", "one"], ["plan", "one"], ["actors"], ["queries"],
                     ["discovery"], ["scheduler"], ["clusters"], ["locks", "one"], ["walstat"],
                     ["backendstat"], ["querystat"], ["backend", "dead"], ["statements", "one"]):
            text = say(daemon, *line, "--width", width)
            assert max(map(len, text.splitlines())) <= int(width), (line, text)
    assert max(map(len, say(daemon, "help").splitlines())) <= 80
    assert "address" in say(daemon, "top", "--width", "160").splitlines()[8]
    assert "address" not in say(daemon, "top").splitlines()[8]


def test_top(daemon):
    top = data(daemon, "top")
    keys = ["known", "up", "polling", "paused", "series", "next_tick_seconds",
            "heartbeat_age_seconds", "backends"]
    assert list(top) == keys
    assert (top["known"], top["up"], top["paused"]) == (3, 2, 0)
    assert top["backends"][0]["backend"] == "dead"
    assert {x["backend"] for x in top["backends"]} == {"one", "other", "dead"}
    lines = masked(say(daemon, "top")).splitlines()
    assert lines[:2] == ["backends  N", "up  N"]
    assert lines[8] == "backend  is  age  poll  tx/s  act  wait  idle  lag  xact"
    assert lines[9].startswith("dead  refused  -  -")
    # What people see of `backends` is all in the JSON.
    assert {"state", "role", "version", "series", "failure"} < set(top["backends"][0])


# -- queries, scheduler, discovery -----------------------------------------------------------------


def test_queries(daemon):
    # The first poll asks for sizes, too.
    for name in ("one", "other"):
        daemon.wait_polls(name, 2)
    rows = data(daemon, "queries")
    names = [x["query"] for x in rows]
    assert sorted(names) == sorted(QUERIES)
    for x in rows:
        assert list(x) == ["query", "backends", "p50_seconds", "p95_seconds", "max_seconds",
                           "rows", "errors", "timeouts", "share"]
        assert x["errors"] == x["timeouts"] == 0
        assert x["backends"] == (2 if x["query"] in AT_EACH_POLL else 0)
        if x["query"] not in AT_EACH_POLL:
            assert x["p50_seconds"] is None
            continue
        assert 0 <= x["p50_seconds"] <= x["p95_seconds"] <= x["max_seconds"] < 5
    assert abs(sum(x["share"] for x in rows) - 1) < 1e-6
    # One row a server; one standby is connected to the primary.
    assert row(rows, query="pg_stat_bgwriter")["rows"] == 2
    assert row(rows, query="pg_stat_replication")["rows"] == 1
    heading = "query  backends  p50  p95  max  rows  errors  timeouts  share"
    times = {True: "TIME  TIME  TIME", False: "-  -  -"}
    expected = [heading] + [f"{x}  N  {times[x in AT_EACH_POLL]}  N  N  N  SHARE" for x in names]
    assert masked(say(daemon, "queries")).splitlines() == expected


SCHEDULER = """
backends  N
interval  TIME
stretched by  N
next tick  TIME
slots  N
in flight  N
waiting  N
of these suspects  N
paused  N
new ones are paused  no

in flight: none

last ticks, newest first
tick  ago  busy  over  due  skipped  paused
N  TIME  TIME  no  N  N  N
N  TIME  TIME  yes  N  N  N"""


def several_ticks(x):
    return x if len(x["ticks"]) > 6 else None


def test_scheduler(daemon):
    x = wait_until(lambda: several_ticks(data(daemon, "scheduler")), what="ticks are over")
    assert list(x) == ["backends", "interval_seconds", "stretch", "next_tick_seconds", "slots",
                       "in_flight_count", "waiting", "waiting_suspects", "paused_count",
                       "all_paused", "in_flight", "ticks"]
    assert (x["backends"], x["interval_seconds"], x["stretch"], x["all_paused"]) == (3, 0.2, 1, False)
    numbers = [y["tick"] for y in x["ticks"]]
    assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1))
    # The first is under way.
    over = x["ticks"][1:]
    ago = [y["ago_seconds"] for y in x["ticks"]]
    lasted = [b - a for a, b in zip(ago, ago[1:])]
    assert all(y["over"] and 0 < y["busy_seconds"] <= t + 0.001 for y, t in zip(over, lasted))
    # On a busy machine one begins late, which makes the one before longer and itself shorter.
    assert abs(statistics.median(lasted) - 0.2) < 0.05
    # Whoever falls due at the end of one may be counted in the next.
    assert abs(sum(y["due"] for y in over) - 3 * len(over)) <= 3


def test_scheduler_text(servers, watch):
    daemon = watch([backend("one", servers[0])], interval=1000)
    daemon.wait_for(lambda page: page.value("pgstatsmon_tick_duration_seconds_count") > 0)
    # The one that is under way, and as many as there were.
    text = masked(say(daemon, "scheduler")).splitlines()
    assert text[:15] + sorted(set(text[15:])) == SCHEDULER.strip().splitlines()


DISCOVERY = """
source  kind  state  backends  last answer  last change  added  removed  failures  rejected  problem
static  static  ok  N  TIME  TIME  N  N  N  N  -

offered and not watched: none
"""


def test_discovery(daemon):
    x = data(daemon, "discovery")
    assert list(x) == ["sources", "rejected"] and x["rejected"] == []
    assert list(x["sources"][0]) == [
        "source", "kind", "state", "backends", "last_answer_seconds", "last_change_seconds",
        "added", "removed", "failures", "rejected", "problem"]
    static = row(x["sources"], source="static")
    assert (static["state"], static["backends"], static["added"]) == ("ok", 3, 3)
    assert masked(say(daemon, "discovery")) == masked(DISCOVERY)


def test_discovery_of_a_source_that_fails(watch):
    url = f"http://{Nothing.host}:{Nothing.port}/"
    daemon = watch([], static=None, http_sd=[{"url": url, "poll_interval": 60000}])
    daemon.wait_for(lambda _: data(daemon, "discovery")["sources"][0]["failures"] > 0)
    source = data(daemon, "discovery")["sources"][0]
    assert source["state"] == "failing" and source["last_answer_seconds"] is None
    assert source["problem"]
