"""A table that is dropped is gone with the next answer of a query."""

from harness.catalogue import ORIGINAL
from harness.daemon import backend
from harness.queries import at_each_poll


def series_of(page, table):
    return [s for s in page.samples if s[1].get("relname") == table]


def test_dropped_table(primary, watch, directory):
    primary.psql("create table doomed (id int primary key)")
    primary.psql("create table spared (id int primary key)")
    queries = str(at_each_poll(directory / "original", *ORIGINAL))
    daemon = watch([backend("primary", primary)], queries=queries)
    daemon.wait_up("primary")
    page = daemon.wait_polls("primary", 1)
    assert series_of(page, "doomed")
    before = page.value("pgstatsmon_backend_series", backend="primary")
    of_one_table = len(series_of(page, "spared"))

    primary.psql("drop table doomed")
    # The poll under way may still have seen it; the one after it has not.
    page = daemon.wait_polls("primary", 2)
    assert not series_of(page, "doomed")
    assert len(series_of(page, "spared")) == of_one_table
    assert page.value("pgstatsmon_backend_series", backend="primary") == before - of_one_table


def test_renamed_table(primary, watch, directory):
    primary.psql("create table before (id int)")
    queries = str(at_each_poll(directory / "original", *ORIGINAL))
    daemon = watch([backend("primary", primary)], queries=queries)
    daemon.wait_up("primary")
    assert series_of(daemon.wait_polls("primary", 1), "before")
    primary.psql("alter table before rename to after")
    page = daemon.wait_polls("primary", 2)
    assert not series_of(page, "before")
    assert series_of(page, "after")
