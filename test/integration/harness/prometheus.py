"""A real Prometheus that scrapes a daemon and runs the rules of config/rules."""

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from . import process
from .network import address, free_port
from .page import Page
from .waiting import wait_until

README = Path(__file__).resolve().parents[3] / "README.md"
RULES = Path(__file__).resolve().parents[3] / "config" / "rules"

CONFIGURATION = """
global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: {every}}}
rule_files: ["{rules}/*.yaml"]
{scrape}
"""

SCRAPE = """
scrape_configs:
  - job_name: pgstatsmon
    static_configs: [{targets: ["TARGET"]}]
"""


def sd_snippet(refresh="1s"):
    """What the README tells people to write to have a target for each backend; TARGET is a daemon."""
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.S)
    text, = (block for block in blocks if "http_sd_configs" in block)
    assert text.count("127.0.0.1:9187") == 2
    text = text.replace("127.0.0.1:9187", "TARGET")
    return re.sub(r"refresh_interval: \w+", f"refresh_interval: {refresh}", text)


def rules():
    """(kind, name, expression) of every rule."""
    found = []
    for file in sorted(RULES.glob("*.yaml")):
        text = file.read_text()
        for block in re.split(r"(?m)^ +- (?=alert: |record: )", text)[1:]:
            kind, name = re.match(r"(alert|record): (\S+)", block).groups()
            rest = block.partition("expr: ")[2]
            folded = re.match(r">-\n((?: {10,}.*\n)+)|(.*\n)", rest)
            found.append((kind, name, " ".join(folded[0].removeprefix(">-").split())))
    return found


class Prometheus:
    """One server with a database of its own; `with` ends it."""

    def __init__(self, directory, daemon, interval="1s", scrape=SCRAPE, files=RULES, every="1s"):
        """`scrape`: its `scrape_configs`; TARGET stands for the daemon's address. `files`: the
        directory of the rules, which are evaluated every `every`."""
        self.home = Path(tempfile.mkdtemp(prefix="prometheus-", dir=directory))
        file = self.home / "prometheus.yml"
        target = f"{daemon.host}:{daemon.port}"
        file.write_text(
            CONFIGURATION.format(
                rules=files, scrape=scrape.replace("TARGET", target), interval=interval, every=every
            )
        )
        self.listen = f"{address()}:{free_port()}"
        with (self.home / "log").open("wb") as log:
            self.server = process.spawn(
                [shutil.which("prometheus"), f"--config.file={file}"]
                + [f"--storage.tsdb.path={self.home}/data", f"--web.listen-address={self.listen}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.stop(self.server)

    def ask(self, path, **parameters):
        """The data that its API gives; None while it starts."""
        try:
            url = f"http://{self.listen}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it is starting
                return None
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        except OSError:
            assert self.server.poll() is None, (self.home / "log").read_text()
            return None

    def next_scrape(self, timeout=20):
        """What it thinks of the page at a scrape that has not begun yet: `health`, `lastError`."""
        last = []

        def seen():
            targets = (self.ask("targets", state="active") or {}).get("activeTargets", [])
            if targets and targets[0]["health"] != "unknown" and targets[0] not in last:
                last.append(targets[0])
            return len({target["lastScrape"] for target in last})

        # The first is over; the second may have been under way already.
        wait_until(lambda: seen() >= 3, timeout, "Prometheus scrapes", every=0.05)
        return last[-1]

    def own_metrics(self):
        """What it says about itself."""
        with urllib.request.urlopen(f"http://{self.listen}/metrics", timeout=10) as answer:
            return Page(answer.read().decode())

    def how_it_is(self):
        """Whether it scrapes and evaluates, for who has waited in vain."""
        page = self.own_metrics()
        names = ("iterations_total", "iterations_missed_total", "last_duration_seconds",
                 "last_evaluation_timestamp_seconds")
        groups = {x: [v for _, v in page.find(f"prometheus_rule_group_{x}")] for x in names}
        return {"now": time.time(), "up": [x["value"] for x in self.query("up")],
                "paused": [x["metric"]["backend"] for x in
                           self.query("pgstatsmon_backend_paused == 1")], **groups}

    def query(self, expression):
        """The result of an expression now; nothing while it starts."""
        return (self.ask("query", query=expression) or {}).get("result", [])
