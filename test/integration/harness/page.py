"""The page as prometheus_client's parser reads it, with the checks that it does not make."""

import re
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

LABEL = re.compile(r'[{,]([a-zA-Z0-9_]+)="(?:[^"\\]|\\.)*"')


class Page:
    """The samples of one page. Creating it fails when the page is not what Prometheus expects."""

    def __init__(self, text):
        self.text = text
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
        self.samples = []
        self._check_text()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name
                # The parser renames counters to OpenMetrics' rules.
                if family.type == "counter" and f"{family.name}_total" not in self.types:
                    name = name.removesuffix("_total")
                self.samples.append((name, sample.labels, sample.value))
        self._check_samples()

    def _check_text(self):
        for word in ("HELP", "TYPE"):
            names = Counter(re.findall(rf"^# {word} (\S+) ", self.text, re.M))
            twice = [name for name, count in names.items() if count > 1]
            assert not twice, f"{word} more than once: {twice}"
        assert not self.text or self.text.endswith("\n")
        for line in self.text.split("\n"):
            names = LABEL.findall(line) if not line.startswith("#") else []
            assert len(names) == len(set(names)), f"a label twice: {line}"

    def _check_samples(self):
        series = Counter((name, tuple(sorted(labels.items()))) for name, labels, _ in self.samples)
        twice = [key for key, count in series.items() if count > 1]
        assert not twice, f"series more than once: {twice[:5]}"
        order = []
        for name, _, _ in self.samples:
            family = self.family_of(name)
            assert family, f"{name} has no TYPE"
            if not order or order[-1] != family:
                order.append(family)
        apart = [name for name, count in Counter(order).items() if count > 1]
        assert not apart, f"families not in one piece: {apart}"

    def family_of(self, name):
        if name in self.types:
            return name
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        return base if self.types.get(base) in ("histogram", "summary") else None

    def find(self, name, /, **labels):
        """All (labels, value) of a name whose labels include the given ones."""
        wanted = labels.items()
        return [(l, v) for n, l, v in self.samples if n == name and wanted <= l.items()]

    def value(self, name, /, **labels):
        """The value of the one series that matches, or None when there is none."""
        found = self.find(name, **labels)
        assert len(found) <= 1, f"{name}{labels} is not one series: {found}"
        return found[0][1] if found else None

    def total(self, name, /, **labels):
        """The sum over all series that match."""
        return sum(value for _, value in self.find(name, **labels))

    def state(self, name, **labels):
        """The `state` label of the series that is 1."""
        states = [l["state"] for l, v in self.find(name, **labels) if v == 1]
        assert len(states) == 1, f"{name}{labels} has the states {states}"
        return states[0]
