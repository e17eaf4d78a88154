"""`statements`: what takes a server's time, with texts that nobody else reads."""

import json

import pytest
from harness.console import say
from harness.daemon import backend
from harness.waiting import wait_until

SETS = {"sets": ["original", "statements"]}
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def server(cluster):
    result = cluster("statements")
    result.configure(shared_preload_libraries="pg_stat_statements")
    result.start()
    result.role()
    result.psql("create schema ext; create extension pg_stat_statements schema ext;"
                " grant usage on schema ext to public; create table t (id int, \"größe\" text)")
    result.psql(f"select count(*) from t where \"größe\" = '{SECRET}'")
    result.psql(f"/* app='shop' */ -- {'x'}\n insert into t values (1, '{SECRET}')")
    result.psql(f"create role app password '{SECRET}'; drop role app")
    result.psql(f"select 1 as {'very_long_' * 6} " + ", 1" * 1500)
    return result


@pytest.fixture
def daemon(server, watch):
    daemon = watch([backend("one", server)], collect=SETS)
    daemon.wait_up("one")
    daemon.wait_for(lambda page: page.find("pg_stat_statements_calls_total", datname="postgres"))
    return daemon


def texts(daemon):
    """What the API says, when the texts are there."""
    def there():
        said = json.loads(daemon.get("/api/v1/backends/one/statements").body)
        return said if said["texts"] == "here" else None

    return wait_until(there, what="texts")["pg_stat_statements"]


def test_nothing_is_read_until_somebody_looks(server, daemon):
    """The file of texts may be hundreds of megabytes, so it is read on demand and once a minute."""
    reads = (
        "select coalesce(sum(calls), 0) from ext.pg_stat_statements"
        " where query ~ 'left[(]t.query' and query !~ 'calls, 0'"
    )
    assert server.psql(reads) == "0"
    daemon.wait_polls("one", 3)
    assert server.psql(reads) == "0"
    first = texts(daemon)
    for _ in range(3):
        assert len(texts(daemon)) == len(first)
        daemon.wait_polls("one", 1)
    assert server.psql(reads) == "1"


def test_texts_stand_with_their_statements(server, daemon):
    rows = texts(daemon)
    by_text = {row["text"]: row for row in rows if row["text"]}
    wanted = 'select count(*) from t where "größe" = $1'
    assert by_text[wanted]["calls"] == 1 and by_text[wanted]["datname"] == "postgres"
    assert any("insert into t values ($1, $2)" in text for text in by_text)
    assert max(map(len, by_text)) <= 1000
    assert [row["seconds"] for row in rows] == sorted((row["seconds"] for row in rows), reverse=True)


def test_literals_of_utility_statements_are_not_shown(daemon):
    rows = texts(daemon)
    assert SECRET not in json.dumps(rows)
    assert any((row["text"] or "").lower().startswith("create role ...") for row in rows)


def test_console(daemon):
    """The same in the console; the page has no text."""
    texts(daemon)
    answer = say(daemon, "statements", "one")
    assert 'select count(*) from t where "größe" = $1' in answer
    assert all(len(line) < 200 for line in answer.splitlines())
    assert "select" not in daemon.scrape().text


def test_without_statements(server, watch):
    daemon = watch([backend("one", server)])
    daemon.wait_up("one")
    said = json.loads(daemon.get("/api/v1/backends/one/statements").body)
    assert said == {"texts": "no query that has texts is collected"}
    assert daemon.get("/api/v1/backends/two/statements").status == 404
