"""What fires in a Prometheus, now and all the while that an incident lasts."""

import time

from .waiting import PATIENCE, wait_until

# critical and warning are for somebody; info is for who looks.
LOUD = 'ALERTS{alertstate="firing",severity=~"critical|warning"}'
OF_THE_SCRAPE = {"__name__", "alertstate", "instance", "job"}


def labels_of(result):
    return {k: v for k, v in result["metric"].items() if k not in OF_THE_SCRAPE}


def matches(labels, wanted):
    """`wanted`: (name, labels)."""
    return labels["alertname"] == wanted[0] and wanted[1].items() <= labels.items()


class Incident:
    """From the moment at which it is made. An alert is waited for by name and labels."""

    STEP = 0.5  # s, between two evaluations
    AFTERMATH = 5  # s, in which a failed scrape is seen: the longest `for` and a window
    ATTEMPTS = 5

    def __init__(self, prometheus):
        self.prometheus = prometheus
        wait_until(lambda: not self.firing(), PATIENCE,
                   lambda: f"silence, not {self.firing()}; {prometheus.how_it_is()}", every=0.1)
        self.began = time.time()
        self.expected = []
        self.since = {}

    def firing(self, expression=LOUD):
        """The labels of all that fires now."""
        return [labels_of(x) for x in self.prometheus.query(expression)]

    def fires(self, name, lasts=True, timeout=PATIENCE, says=(), **labels):
        """Waits until it does, once and under these labels, and `says` so in its description; returns
        its annotations. One that does not last ends by itself."""
        self.expected.append((name, labels))

        def found():
            # Of any severity.
            return self.firing(f'ALERTS{{alertstate="firing",alertname="{name}"}}')

        # A backend that stands for its server may be known as such a moment later.
        wait_until(lambda: [matches(x, (name, labels)) for x in found()] == [True], timeout,
                   lambda: f"{name} {labels}, not {found()} among {self.firing()}", every=0.1)
        if lasts:
            self.since[name] = time.time()

        def annotations():
            # With each evaluation they are written anew.
            for x in self.prometheus.ask("alerts")["alerts"]:
                if x["state"] == "firing" and matches(x["labels"], (name, labels)):
                    return x["annotations"]
            return {"description": "", "summary": "it fires no more"}

        return wait_until(
            lambda: (found := annotations())["description"] and all(
                x in found["description"] for x in says) and found,
            timeout, lambda: f"{name} says {says}, not {annotations()}", every=0.1)

    def goes_on(self, at_least):
        """Waits until all that lasts has fired for so long, in seconds, without a gap. Where a scrape
        has failed in that time it begins anew: nothing fires without data."""
        for _ in range(self.ATTEMPTS):
            begin = max(self.since.values())
            until = begin + at_least
            wait_until(lambda: time.time() >= until, at_least + PATIENCE, "time passes", every=0.1)
            if not self.over("up == 0", begin - self.AFTERMATH, until):
                break
            wait_until(lambda: self.since.keys() <= {x["alertname"] for x in self.firing()},
                       PATIENCE, lambda: f"{list(self.since)}, not {self.firing()}", every=0.1)
            self.since = dict.fromkeys(self.since, time.time())
        else:
            raise AssertionError("scrapes fail all the time")
        for name, since in self.since.items():
            times = self.over(f'ALERTS{{alertstate="firing",alertname="{name}"}}', since, until)
            assert len(times) == 1, f"{name}, not {times}"
            steps = int((until - since) / self.STEP) + 1
            assert len(times[0]["values"]) == steps, f"{name}: {len(times[0]['values'])} of {steps}"

    def ends(self, *but, timeout=PATIENCE):
        """Waits until none of them fires any more, `but` some names."""

        def left():
            return [x for x in self.firing() if x["alertname"] in self.since.keys() - set(but)]

        wait_until(lambda: not left(), timeout, lambda: f"an end of {left()}", every=0.1)
        self.since = {name: since for name, since in self.since.items() if name in but}

    def over(self, expression, start, end):
        return self.prometheus.ask("query_range", query=expression, start=start, end=end,
                                   step=self.STEP)["result"]

    def nothing_else(self, *companions):
        """Nothing has fired since it began but what was waited for and its `companions`, each a
        (name, labels); these may not have had the time."""
        allowed = [*self.expected, *companions]
        found = [labels_of(x) for x in self.over(LOUD, self.began, time.time())]
        other = [x for x in found if not any(matches(x, y) for y in allowed)]
        assert not other, other
