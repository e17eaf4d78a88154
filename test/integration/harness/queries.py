"""Query definitions of a test's own."""

import re

from .catalogue import TEXTS

QUERY = """name: {name}
help: A query of a test.
metrics:
  - column: n
    type: gauge
    help: A number.
versions:
  - sql: "{sql}"
"""


def at_each_poll(directory, *names):
    """A directory for the option `queries`: shipped queries without the intervals that they have."""
    directory.mkdir(exist_ok=True)
    for name in names:
        text = next(text for text in TEXTS if re.search(f"^name: {name}$", text, re.M))
        (directory / f"{name}.yaml").write_text(re.sub("^every: .*\n", "", text, flags=re.M))
    return directory


def write_queries(directory, **queries):
    """A directory for the option `queries`: one file for each name and SQL, with the gauge n."""
    directory.mkdir()
    for name, sql in queries.items():
        (directory / f"{name}.yaml").write_text(QUERY.format(name=name, sql=sql))
    return directory
