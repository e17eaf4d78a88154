"""A real Prometheus reads the page; promtool finds nothing but what the contract's names force."""

import http.server
import json
import shutil
import subprocess
import threading
import urllib.request

import pytest
import yaml
from harness import process
from harness.catalogue import DIRECTORY, QUERIES
from harness.contract import PRIMARY, STANDBY, VACUUM_PROGRESS, expected
from harness.daemon import backend
from harness.network import address, free_port
from harness.waiting import wait_until

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: gzip
    static_configs: [{{targets: ["{gzip}"]}}]
  - job_name: plain
    static_configs: [{{targets: ["{plain}"]}}]
"""


class PlainRelay:
    """Hides from the daemon that Prometheus accepts gzip: it always says so."""

    def __init__(self, daemon):
        self.encodings = set()
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = daemon.get()
                relay.encodings.add(answer.headers["Content-Encoding"])
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address(), 0), Handler)
        self.address = "{}:{}".format(*self.server.server_address)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture(scope="module")
def pair(cluster):
    primary = cluster().start()
    primary.role()
    primary.psql("create database app")
    primary.psql('create table "we""ird\\tbl" (id int primary key, note text)', "app")
    standby = cluster.standby_of(primary).start()
    return primary, standby


@pytest.fixture
def daemon(pair, watch):
    daemon = watch([backend("one", pair[0]), backend("two", pair[1])], database="app")
    daemon.wait_up("one", "two")
    return daemon


@pytest.fixture
def prometheus(daemon, directory):
    """Prometheus' own API, as a function of path and parameters; and the relay."""
    relay = PlainRelay(daemon)
    home = directory / "prometheus"
    home.mkdir()
    file = home / "prometheus.yml"
    file.write_text(CONFIGURATION.format(gzip=f"{daemon.host}:{daemon.port}", plain=relay.address))
    listen = f"{address()}:{free_port()}"
    with (home / "log").open("wb") as log:
        server = process.spawn(
            [shutil.which("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={home}/data"]
            + [f"--web.listen-address={listen}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def ask(path):
        try:
            with urllib.request.urlopen(f"http://{listen}/api/v1/{path}", timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            assert server.poll() is None, (home / "log").read_text()
            return None

    yield ask, relay
    process.stop(server)
    relay.close()


def test_prometheus_scrapes_without_an_error(daemon, prometheus):
    ask, relay = prometheus

    def healthy():
        targets = (ask("targets?state=active") or {}).get("activeTargets", [])
        return len(targets) == 2 and all(t["health"] != "unknown" for t in targets) and targets

    targets = wait_until(healthy, what="Prometheus has scraped")
    assert [(t["health"], t["lastError"]) for t in targets] == [("up", "")] * 2

    def all_of_the_page():
        found = ask("query?query=scrape_samples_scraped")["result"]
        samples = len(daemon.scrape().samples)
        counts = {r["metric"]["job"]: int(r["value"][1]) for r in found}
        return counts == {"gzip": samples, "plain": samples}

    wait_until(all_of_the_page, what="every sample of the page in Prometheus")
    assert relay.encodings == {None}
    for result in ask("query?query=pg_stat_user_tables_n_live_tup")["result"]:
        assert result["metric"]["relname"] == 'we"ird\\tbl'


def shipped():
    """The families of the definitions: postgres_exporter's, or named like them."""
    for file in DIRECTORY.glob("*.yaml"):
        query = yaml.safe_load(file.read_text())
        for metric in query.get("metrics", []):
            plain = filter(None, [query["name"], metric["column"], metric.get("unit")])
            yield metric.get("family", "_".join(plain))


def forced(names, types):
    """What promtool says of names that are not ours to choose, and can't be helped."""
    lines = set()
    for name in names:
        kind = types[name]
        if kind == "counter":
            lines.add(f'{name} counter metrics should have "_total" suffix')
        if kind != "histogram" and name.endswith("_count"):
            lines.add(
                f'{name} non-histogram and non-summary metrics should not have "_count" suffix'
            )
        if name.endswith("_ms"):
            lines.add(f"{name} metric names should not contain abbreviated units")
    lines.add("pg_NaN_error metric names should be written in 'snake_case' not 'camelCase'")
    return lines


def test_promtool_finds_only_what_the_contract_forces(pair, daemon):
    page = daemon.wait_polls("two", 2)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, timeout=60
    )
    said = {line for line in (done.stdout + done.stderr).splitlines() if line}
    names = {name for name, _ in expected(pair[0], "app", PRIMARY)}
    names |= {name for name, _ in expected(pair[1], "app", STANDBY)}
    names |= {"pg_query_count", "pg_connect_error", "pg_query_error", "pg_query_timeout"}
    names |= {"pg_NaN_error", *VACUUM_PROGRESS}
    # What was not asked yet has no times.
    asked = names | {f"{query}_querytime_ms" for query in QUERIES} | set(shipped())
    allowed = forced(asked & set(page.types), page.types)
    assert said <= allowed, said - allowed
    assert names - set(VACUUM_PROGRESS) <= set(page.types)
