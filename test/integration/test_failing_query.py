"""A query that fails, however and however often, costs itself and nothing else."""

import pytest
from harness.daemon import backend
from harness.queries import write_queries
from harness.waiting import wait_until

RAISE = """
create function public.raises(code text) returns int language plpgsql as
$$ begin raise exception using errcode = code; return 1; end $$"""

SESSION = "select pid from pg_stat_activity where usename = 'pgstatsmon'"


def private_memory(pid):
    """Of a server process, kB."""
    for line in open(f"/proc/{pid}/smaps_rollup", encoding="ascii"):
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise AssertionError("no Private_Dirty")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM otherdb.public.t",
        "SELECT public.raises('0A000') AS n",
        "SELECT public.raises('26000') AS n",
        "SELECT public.raises('57P01') AS n",
        "SELECT public.raises('53300') AS n",
        "SELECT public.raises('08006') AS n",
        "SELECT public.raises('25P02') AS n",
        "SELECT public.raises('XX000') AS n",
    ],
)
def test_an_error_that_stays_is_one_querys_and_leaves_nothing(raising, watch, directory, sql):
    server = raising
    queries = write_queries(
        directory / f"failing-{abs(hash(sql))}",
        qa="SELECT 1 AS n",
        qb=sql,
        **{f"q{i}": f"SELECT {i} AS n" for i in range(20)},
    )
    daemon = watch([backend("one", server)], interval=50, queries=str(queries))
    daemon.wait_up("one")
    page = daemon.wait_polls("one", 30)
    pid = wait_until(lambda: server.psql(SESSION), 10, "a session")
    before = private_memory(pid)
    server_log = len(server.log())
    last = daemon.wait_polls("one", 200, timeout=60)
    assert server.psql(SESSION) == pid
    # The allocator grows in steps; statements left prepared are tens of MB by now.
    assert private_memory(pid) - before < 4096, "kB"
    for name in ["qa", *(f"q{i}" for i in range(20))]:
        assert last.value(f"{name}_n", backend="one") is not None
        assert last.value("pg_query_error", backend="one", query=name) in (0, None)
    assert last.value("pg_query_error", backend="one", query="qb") >= 200
    assert last.value("pgstatsmon_backend_connects_total", backend="one") == 1
    assert "prepared statement" not in server.log()[server_log:]
    daemon.stop()


@pytest.fixture(scope="module")
def raising(cluster):
    server = cluster("raising").start()
    server.role()
    server.psql(RAISE)
    return server


def test_a_result_that_changes_its_type_comes_back(raising, watch, directory):
    """PostgreSQL refuses a prepared statement whose result has other types now."""
    raising.psql("create table public.c (n int); insert into c values (7); grant select on c to public")
    queries = write_queries(directory / "changing", qa="SELECT 1 AS n", qb="SELECT n FROM public.c")
    daemon = watch([backend("one", raising)], queries=str(queries))
    daemon.wait_for(lambda p: p.value("qb_n", backend="one") == 7)
    daemon.wait_polls("one", 2)
    raising.psql("alter table public.c alter n type text using 'x'; update c set n = 8")
    daemon.wait_for(lambda p: p.value("qb_n", backend="one") == 8)
    page = daemon.wait_polls("one", 2)
    assert page.value("pg_query_error", backend="one", query="qb") == 1
    assert page.value("qa_n", backend="one") == 1
    daemon.stop()
