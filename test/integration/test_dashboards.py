"""Dashboards and rules use only what a real page has; a real Prometheus takes every expression."""

import json
import re
import time
from pathlib import Path

import pytest
from harness import certificates
from harness.daemon import backend
from harness.etcd import Etcd
from harness.network import address, free_port
from harness.pgbouncer import Pgbouncer
from harness.prometheus import Prometheus, rules
from harness.waiting import wait_until

CONFIG = Path(__file__).resolve().parents[2] / "config"
DASHBOARDS = sorted((CONFIG / "dashboards").glob("*.json"))

# What is not asked at each poll, and what a sound server of 15 never shows.
RARELY_ASKED = [
    "pg_archive_status_ready", "pg_autovacuum_tables", "pg_database_connection_limit",
    "pg_database_size_bytes", "pg_index_health_indexes", "pg_prepared_xacts_count",
    "pg_sequence_used_ratio", "pg_settings_max_connections", "pg_stat_archiver_failing",
    "pg_wal_size_bytes", "pgstatsmon_database_up", "pgbouncer_config_max_client_connections",
]
NOT_HERE = {"pg_stat_database_checksum_last_failure_seconds", "pg_replication_slots_synced"}

# What Prometheus itself adds.
ITS_METRICS = {"up", "scrape_duration_seconds"}
ITS_LABELS = {"job", "instance"}


# -- reading the files -----------------------------------------------------------------------------


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked_by_dashboards():
    """(where, expression, legend) of every target, and of every variable's query."""
    for file in DASHBOARDS:
        # The label that tells groups apart is a variable; this is its default.
        dashboard = json.loads(file.read_text().replace("$label", "datacenter"))
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield f"{file.name}: {panel['title']}", target["expr"], target["legendFormat"]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(
                    r"label_values\((.*), (\w+)\)", variable["definition"]
                ).groups()
                yield f"{file.name}: ${variable['name']}", f"count by ({label}) ({selector})", ""


def filled_in(expression):
    """An expression with values for Grafana's variables."""
    for variable, value in (("$__rate_interval", "1m"), ("$__range", "5m"), ("$backend", "primary")):
        if variable != "$backend" or '="$backend"' in expression:
            expression = expression.replace(variable, value)
    return re.sub(r'"\$\w+"', '".*"', expression)


LABEL_LIST = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right) ?\(([^)]*)\)")
SELECTOR = re.compile(r"(?<![\w.:])([a-zA-Z_][\w:]*)\s*(?:\{([^}]*)\})?(?!\s*\(|[\w:])")


def names_in(expression):
    """({metric: [(label, operator, value)]}, labels elsewhere) of an expression."""
    metrics, elsewhere = {}, set()
    for listed in LABEL_LIST.findall(expression):
        elsewhere |= {label.strip() for label in listed.split(",") if label.strip()}
    text = LABEL_LIST.sub(" ", expression)
    text = re.sub(r"\boffset \w+|\[[^\]]*\]", " ", text)
    text = re.sub(r', *"[^"]*"', " ", text)  # what label_replace() is told
    for name, matchers in SELECTOR.findall(text):
        if name in ("and", "or", "unless"):
            continue
        found = re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers)
        metrics.setdefault(name, []).extend(found)
    return metrics, elsewhere


# -- what a page has -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(cluster, directory):
    primary = cluster()
    ca = certificates.authority(directory)
    for name, text in zip(("crt", "key"), certificates.server_certificate(directory, ca, primary.host)):
        primary.give(f"server.{name}", text)
    primary.configure(ssl="on")
    primary.start()
    primary.role()
    primary.psql("create role app login; create database app owner app")
    primary.psql("create table t (id int primary key, note text)", "app", "app")
    primary.psql("select pg_create_physical_replication_slot('kept', true)")
    primary.psql("create sequence used maxvalue 10; select setval('used', 9)", "app", "app")
    primary.psql("grant pg_read_all_data to pgstatsmon")
    primary.psql("create role keeper login; grant create on database postgres to keeper")
    standby = cluster.standby_of(primary).start()
    return primary, standby


@pytest.fixture(scope="module")
def pooler(pair, directory):
    with Pgbouncer(directory, pair[0], "transaction", stats_users="pgstatsmon") as pooler:
        yield pooler


@pytest.fixture(scope="module")
def patroni(directory):
    """An etcd with a cluster of Patroni's; its member is stopped, and so is no backend."""
    etcd = Etcd(directory).start()
    etcd.put("/service/orders/members/a", {"conn_url": "postgres://127.0.0.1/", "state": "stopped"})
    etcd.put("/service/orders/leader", "a")
    yield {"etcd": {"endpoints": [etcd.url]}}
    etcd.remove()


@pytest.fixture
def daemon(pair, pooler, patroni, watch, directory):
    """Two that answer, their pgbouncer, one that does not, all with a static label; the daemon would
    share them with others."""
    dead = {"name": "dead", "ip": address(), "port": free_port()}
    pool = backend("pool", pooler, kind="pgbouncer")
    daemon = watch(
        [backend("primary", pair[0], databases=True), backend("standby", pair[1]), pool, dead],
        database="app",
        target={"metadata": {"datacenter": "east"}},
        state_dir=str(directory / "state"),
        patroni=patroni,
        cluster={"settle": "1s", "postgres": {"host": pair[0].host, "port": pair[0].port,
                                              "user": "keeper", "database": "postgres"}},
    )
    daemon.wait_up("primary", "standby")
    return daemon


@pytest.fixture
def page(daemon, pair):
    """A page while a vacuum runs, so that nothing is missing."""
    pair[0].psql("create table big as select generate_series(1, 50000) as id", "app")
    session = pair[0].session("app")
    session.run("set vacuum_cost_delay = 100; set vacuum_cost_limit = 1")
    session.send("vacuum big")
    names = ["pg_stat_progress_vacuum_phase", "pg_stat_replication_wal_sent_bytes",
             "pgstatsmon_patroni_member_pending_restart", *RARELY_ASKED]
    page = daemon.wait_for(lambda page: all(map(page.find, names)), what="a vacuum and a standby")
    pair[0].psql("select pg_cancel_backend(pid) from pg_stat_progress_vacuum")
    return page


def test_every_metric_and_label_is_on_the_page(page):
    have = {}
    for name, labels, _ in page.samples:
        have.setdefault(name, []).append(labels)
    recorded = {name for kind, name, _ in rules() if kind == "record"}
    everything = {label for series in have.values() for labels in series for label in labels}
    asked = list(asked_by_dashboards())
    assert len(asked) > 100
    asked += [(name, expression, "") for _, name, expression in rules()]
    wrong = []
    for where, expression, legend in asked:
        metrics, elsewhere = names_in(expression)
        elsewhere |= set(re.findall(r"\{\{ *(\w+) *\}\}", legend))
        if not metrics:
            wrong.append(f"{where}: no metric in {expression}")
        for label in elsewhere - everything - ITS_LABELS:
            wrong.append(f"{where}: no label {label}")
        for name, matchers in metrics.items():
            if name in recorded | ITS_METRICS | NOT_HERE:
                continue
            series = have.get(name)
            if not series:
                wrong.append(f"{where}: no metric {name}")
                continue
            for label, operator, value in matchers:
                if label in ITS_LABELS:
                    continue
                if not any(label in labels for labels in series):
                    wrong.append(f"{where}: {name} has no label {label}")
                elif operator == "=" and "$" not in value:
                    if not any(labels.get(label) == value for labels in series):
                        wrong.append(f"{where}: {name} never has {label}={value}")
    assert not wrong, "\n".join(wrong)


# -- Prometheus' own opinion -----------------------------------------------------------------------

@pytest.fixture
def ask(daemon, directory):
    """Asks the API of a Prometheus that scrapes the daemon and runs the rules."""
    with Prometheus(directory, daemon) as server:
        yield server.ask


# Panels that have data only when something is wrong, or once an hour has passed.
MAY_BE_EMPTY = re.compile(
    r"failed|Failures|skipped|rejected|Idle in transaction|left out|Running vacuums|in a vacuum's"
    r"|Time to ask a source|As a standby|Time in disk|State|Setup|Waits"
)


def test_a_real_prometheus_answers_every_panel(ask):
    def scraped():
        found = (ask("query", query="count_over_time(pg_up[1m]) > 4") or {}).get("result")
        return found and len(found) == 3  # the pgbouncer has pgbouncer_up

    wait_until(scraped, what="Prometheus has scraped some times")
    empty = []
    for where, expression, _ in asked_by_dashboards():
        result = ask("query", query=filled_in(expression), time=time.time())["result"]
        if not result and not MAY_BE_EMPTY.search(where):
            empty.append(f"{where}: {filled_in(expression)}")
    # What a primary has not.
    empty = [line for line in empty if not re.search("wal_re(ceived|played)_bytes", line)]
    assert not empty, "\n".join(empty)


def test_alerts_say_something(ask):
    def pending():
        found = (ask("alerts") or {}).get("alerts", [])
        return [a for a in found if a["labels"]["alertname"] == "PostgresBackendDown"]

    alert = wait_until(pending, what="the dead backend is noticed")[0]
    assert alert["labels"]["backend"] == "dead"
    assert alert["labels"]["datacenter"] == "east"
    for rule in (r for g in ask("rules")["groups"] for r in g["rules"]):
        assert rule["health"] == "ok", rule
        for one in rule.get("alerts", []):
            assert "error" not in " ".join(one["annotations"].values()).replace("an error", ""), one

    def explained():
        return [a for a in pending() if "refused" in a["annotations"]["description"].split(".")[1]]

    wait_until(explained, what=lambda: f"the reason: {pending()}")


# -- the form of a dashboard -----------------------------------------------------------------------


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_can_be_imported(file):
    dashboard = json.loads(file.read_text())
    assert dashboard["id"] is None and dashboard["uid"] == file.stem
    assert dashboard["schemaVersion"] >= 36
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert {"label", "datacenter", "backend"} <= set(variables) or {"job", "instance"} <= set(variables)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in dashboard["panels"]:
        where = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(where["x"], where["x"] + where["w"])
            for y in range(where["y"], where["y"] + where["h"])
        }
        assert where["x"] + where["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    for panel in panels(dashboard):
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        for part in [panel, *panel["targets"]]:
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for listed in re.findall(r"(?:by|on) \(([^)]*)\)", " ".join(t["expr"] for t in panel["targets"])):
            # Two daemons may have backends of one name.
            assert "instance" in listed or "backend" not in re.split(r"\W+", listed), panel["title"]
        used = set(re.findall(r"\$(\w+)", " ".join(t["expr"] for t in panel["targets"])))
        assert used - {"__rate_interval", "__range"} <= set(variables), panel["title"]
