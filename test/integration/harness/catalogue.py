"""The queries that are compiled in, in the order in which they are sent."""

import re
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[3] / "config" / "queries"

QUERIES = [
    re.search(r"^name: (\w+)$", file.read_text(), re.M)[1]
    for file in sorted(DIRECTORY.glob("*.yaml"))
]
