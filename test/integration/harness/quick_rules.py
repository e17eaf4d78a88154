"""A copy of the shipped rules in which a minute is a second, for tests that wait for alerts."""

import re

from .prometheus import RULES

# Of `for`: what no alert needs more of when time runs so fast. Of windows: what has a few scrapes.
LONGEST_FOR = 2
SHORTEST_WINDOW = 5

# In which a change of roles is news: who looks for it must have the time.
ROLE_WINDOW = 40

SECONDS = {"s": 1 / 60, "m": 1, "h": 60, "d": 24 * 60}

# Limits that no test has the time, or the disk, to reach.
LIMITS = {
    "PostgresStandbyBehind": (" > 300", " > 5"),
    "PostgresNoWritableServer": (" > 60", " > 1"),
    "PostgresSlotKeepsWAL": (" > 16 * 1024 * 1024 * 1024", " > 16 * 1024 * 1024"),
    "PostgresSlotUnused": (" > 1024 * 1024 * 1024", " > 1024 * 1024"),
    "PostgresIdleInTransaction": (" > 1800", " > 3"),
    "PostgresSessionsBlocked": (" > 600", " > 3"),
}

# What is about the time that we ourselves take: a busy machine is no incident.
UNCHANGED = re.compile(r"Pgstatsmon|PostgresPollsSkipped|PostgresQueryTimingOut|PostgresDataStale")


def seconds(duration):
    """What is left of a duration, `15m`."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


def quicker(rule):
    """One rule with its own limits and times."""
    name = re.match(r" +- (?:alert|record): (\S+)", rule)[1]
    if UNCHANGED.match(name):
        return rule
    if name in LIMITS:
        before, after = LIMITS[name]
        assert rule.count(before) == 1, f"{name} has no limit{before}"
        rule = rule.replace(before, after)
    shortest = ROLE_WINDOW if name == "PostgresRoleChanged" else SHORTEST_WINDOW
    rule = re.sub(r"(?m)^( +for: )(\d+[smhd])$",
                  lambda x: f"{x[1]}{min(seconds(x[2]), LONGEST_FOR):.0f}s", rule)
    return re.sub(r"(\[|\boffset )(\d+[smhd])\b",
                  lambda x: f"{x[1]}{max(seconds(x[2]), shortest):.0f}s", rule)


def quick_rules(directory):
    """Writes them to a new directory; returns it."""
    directory.mkdir()
    for file in RULES.glob("*.yaml"):
        head, *rules = re.split(r"(?m)^(?= +- (?:alert|record): )", file.read_text())
        (directory / file.name).write_text("".join([head, *map(quicker, rules)]))
    return directory


def longest_window(directory, alert):
    """How far back an alert looks in these rules, in seconds."""
    text = (directory / "alerts.yaml").read_text()
    rule = text.partition(f"- alert: {alert}\n")[2].partition("- alert: ")[0]
    return max([0, *(int(x) for x in re.findall(r"\[(\d+)s\]", rule.partition("annotations:")[0]))])
