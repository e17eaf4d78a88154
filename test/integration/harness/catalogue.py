"""The queries that are compiled in, in the order in which they are sent."""

import re
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[3] / "config" / "queries"

TEXTS = [file.read_text() for file in sorted(DIRECTORY.glob("*.yaml"))]


def named(texts):
    return [re.search(r"^name: (\w+)$", text, re.M)[1] for text in texts]


# All but those that are there only in postgres_exporter's words.
QUERIES = named(text for text in TEXTS if "\nset: exporter\n" not in text)

# Of these, what PostgreSQL servers are asked.
SERVER_QUERIES = named(text for text in TEXTS
                       if "\nset: exporter\n" not in text and "\nkind: pgbouncer\n" not in text)

# What the original pgstatsmon asks.
ORIGINAL = named(text for text in TEXTS if "\nset: original\n" in text)

# Of these, what each poll asks here, too.
AT_EACH_POLL = named(text for text in TEXTS
                     if "\nset: original\n" in text and "\nevery: " not in text)
