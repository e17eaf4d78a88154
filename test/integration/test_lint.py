"""`pgstatsmon --lint`: definitions without a server, and their SQL on real ones."""

import re
import subprocess

import pytest
from harness.daemon import BINARY

SHIPPED = re.compile(r"\d+ queries, \d+ metrics")

# What is wrong is put in the place of one line.
GOOD = """\
name: things
help: Things of the server.
labels: [datname]
metrics:
  - column: many
    type: gauge
    help: How many.
  - column: mode
    type: stateset
    states: [on, off]
    help: What it does.
  - column: ages
    type: histogram
    buckets: [1, 10]
    help: How old they are.
versions:
  - from: 9.2
    until: 10
    sql: select nonsense
  - from: 10
    role: primary
    needs: extension no_such_extension
    sql: select nonsense
  - from: 10
    sql: |
      SELECT d.datname, 1::bigint AS many,
             'on'::pg_catalog.text AS mode,
             ARRAY[1.5, 3] AS ages
        FROM pg_catalog.pg_database d
"""


def lint(*arguments, timeout=60):
    return subprocess.run(
        [BINARY, "--lint", *map(str, arguments)],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def pair(cluster):
    primary = cluster()
    primary.configure(shared_preload_libraries="pg_stat_statements")
    primary.start().role()
    primary.psql("create extension pg_stat_statements")
    return primary, cluster.standby_of(primary).start()


@pytest.fixture
def definition(directory):
    """Writes one definition; the directory that it is in."""

    def write(text):
        home = directory / "definitions"
        home.mkdir(exist_ok=True)
        (home / "things.yaml").write_text(text)
        return home

    return write


def against(*servers, user="pgstatsmon"):
    return [x for server in servers for x in ("--against", server.url(user=user))]


def name(server):
    return f"{server.host}:{server.port}/postgres"


def test_the_shipped_definitions_are_right_by_themselves():
    done = lint()
    assert done.returncode == 0, done.stderr
    assert SHIPPED.fullmatch(done.stdout.strip()) and not done.stderr


def test_the_shipped_definitions_are_right_on_servers(pair):
    """As a superuser, too: he meets needs that the polling role does not."""
    for user in ("pgstatsmon", "postgres"):
        done = lint(*against(*pair, user=user))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        first, *rest = done.stdout.splitlines()
        assert SHIPPED.fullmatch(first)
        tried = [line for line in rest if " not tried: needs " not in line]
        for line, server, role in zip(tried, pair, ("primary", "standby"), strict=True):
            found = re.fullmatch(
                rf"{name(server)} \((\d+\.\d+), {role}\): (\d+) statements prepared, (\d+) not tried,"
                r" (\d+) for other servers, 0 faults",
                line,
            )
            assert found, line
            assert found[1].split(".")[0] == server.psql("show server_version").split(".")[0]
            assert int(found[2]) > 60
            assert sum(name(server) in x for x in rest) == int(found[3]) + 1


def test_nothing_is_executed(pair, definition):
    counted = "select coalesce(sum(calls), 0) from pg_stat_statements where query like '%pg_ls_dir%'"
    call = "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_ls_dir('.'))"
    home = definition(GOOD.replace("1::bigint AS many", f"{call} AS many"))
    assert lint(home, *against(pair[0], user="postgres")).returncode == 0
    assert pair[0].psql(counted) == "0"


def test_a_right_definition(pair, definition):
    done = lint(definition(GOOD), *against(*pair))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "1 queries, 8 metrics"
    assert lines[1].endswith(
        "things.yaml:23:10: versions[1].sql: not tried: needs extension no_such_extension,"
        f" on {name(pair[0])}"
    )
    assert lines[2].endswith(": 1 statements prepared, 1 not tried, 1 for other servers, 0 faults")
    assert lines[3].endswith(": 1 statements prepared, 0 not tried, 2 for other servers, 0 faults")


@pytest.mark.parametrize(
    "good, bad, line",
    [
        ("1::bigint AS many", "1::bigint AS much",
         ["5:13: metrics[0].column: many is no column of versions[2].sql",
          "25:10: versions[2].sql: delivers much, which is neither a label nor a metric"]),
        ("1::bigint AS many", "1::bigint AS many, 2 AS more",
         ["25:10: versions[2].sql: delivers more, which is neither a label nor a metric"]),
        ("1::bigint AS many", "1::bigint AS many, 2 AS many",
         ["25:10: versions[2].sql: delivers many twice"]),
        ("1::bigint AS many", "'1'::pg_catalog.text AS many",
         ["5:13: metrics[0].column: many is text in versions[2].sql, expected a number"]),
        ("1::bigint AS many", "true AS many",
         ["5:13: metrics[0].column: many is boolean in versions[2].sql, expected a number"]),
        ("'on'::pg_catalog.text AS mode", "1 AS mode",
         ["8:13: metrics[1].column: mode is integer in versions[2].sql, expected text"]),
        ("ARRAY[1.5, 3] AS ages", "1.5 AS ages",
         ["12:13: metrics[2].column: ages is numeric in versions[2].sql,"
          " expected an array of numbers"]),
        ("SELECT d.datname,", "SELECT pg_catalog.now() AS datname,",
         ["3:10: labels[0]: datname is timestamp with time zone in versions[2].sql, expected text"]),
        ("SELECT d.datname,", "SELECT",
         ["3:10: labels[0]: datname is no column of versions[2].sql"]),
        ("FROM pg_catalog.pg_database d", "FRM pg_catalog.pg_database d",
         ['25:10: versions[2].sql: syntax error at or near "FRM", in its line 4']),
        ("FROM pg_catalog.pg_database d", "FROM pg_catalog.pg_databases d",
         ['25:10: versions[2].sql: relation "pg_catalog.pg_databases" does not exist,'
          " in its line 4"]),
        ("FROM pg_catalog.pg_database d", "FROM pg_catalog.pg_database d WHERE d.oid = $1",
         ["25:10: versions[2].sql: has a parameter, expected none"]),
    ],
)  # fmt: skip
def test_each_fault_has_its_line(pair, definition, good, bad, line):
    assert good in GOOD
    home = definition(GOOD.replace(good, bad))
    done = lint(home, *against(pair[0]))
    assert done.returncode == 1
    expected = [f"{home}/things.yaml:{one}, on {name(pair[0])}" for one in line]
    assert done.stderr.splitlines() == expected
    assert f", {len(line)} faults" in done.stdout


def test_faults_that_need_no_server(definition):
    done = lint(definition(GOOD.replace("type: gauge", "type: gouge")))
    assert done.returncode == 1 and not done.stdout
    assert "things.yaml:6:11: metrics[0].type: " in done.stderr


@pytest.mark.parametrize("vital,fault", [
    ("heartbeats", "7:12: metrics[0].vital: is none of its values, expected one of transactions, "),
    ("wal", "7:12: metrics[0].vital: needs a counter, as wal is one"),
    ("{name: lag, where: {state: x}}",
     "7:39: metrics[0].vital.where.state: is no label of the query"),
])
def test_a_vital_sign_is_one_that_there_is(definition, directory, vital, fault):
    home = definition(GOOD.replace("type: gauge", f"type: gauge\n    vital: {vital}"))
    done = lint(home)
    assert done.returncode == 1 and f"things.yaml:{fault}" in done.stderr
    # A configuration with these queries is as wrong.
    config = directory / "vital.yaml"
    config.write_text(f"user: u\nstatic: {{dbs: []}}\nqueries: {home}\n")
    done = subprocess.run([BINARY, "--check", str(config)], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and f"things.yaml:{fault}" in done.stderr


def test_servers_that_can_not_be_asked(pair, definition):
    """One is a fault, and the others are asked all the same. Passwords are not shown."""
    gone = f"host={pair[0].host} port={pair[0].port} dbname=nothing user=postgres password=secret"
    done = lint(definition(GOOD), "--against", gone, *against(pair[0]))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("--against, server 1: ") and "nothing" in line and "secret" not in line
    assert "0 faults" in done.stdout


def test_the_databases_owner_decides_nothing(pair, definition):
    """Names mean what they mean to a session that polls."""
    primary = pair[0]
    primary.psql("create table public.things (many bigint)")
    primary.psql("alter database postgres set search_path = public")
    try:
        home = definition(GOOD.replace("pg_catalog.pg_database d", "pg_catalog.pg_database d, things"))
        done = lint(home, *against(primary))
        assert 'relation "things" does not exist' in done.stderr
    finally:
        primary.psql("alter database postgres reset search_path")


@pytest.mark.parametrize("arguments", [["--check"], ["--discover"], ["--config", "x"]])
def test_usage(arguments):
    done = lint(*arguments)
    assert done.returncode == 2
    assert done.stderr and not done.stdout
