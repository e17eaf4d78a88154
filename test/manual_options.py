"""Fails unless a rendered page, on standard input, has an example's options, comments and values."""

import re
import sys
from pathlib import Path

import yaml


def leaves(node, path=()):
    """(dotted name, value) of what holds no other option."""
    if isinstance(node, dict) and node:
        for name, child in node.items():
            yield from leaves(child, (*path, str(name)))
    elif isinstance(node, list) and node:
        for child in node:
            yield from leaves(child, path)
    else:
        yield ".".join(path), node


def comments(lines):
    """The text of every run of comment lines."""
    runs = [[]]
    for line in lines:
        comment = re.match(r"\s*# (?!-- )(.*)$", line)
        if comment:
            runs[-1].append(comment[1])
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def main(example):
    lines = [re.sub(r"^( *)#(?! \S|$)", r"\1", x) for x in Path(example).read_text().splitlines()]
    # A yaml with all options on; an empty mapping may have got entries.
    text = re.sub(r"(?m)\{\}$", "", "\n".join(lines))
    page = sys.stdin.read()
    words = " ".join(page.split())
    options = {}
    for name, value in leaves(yaml.load(text, yaml.BaseLoader)):
        options.setdefault(name, value)  # the page shows the first of several entries
    assert len(options) > 60, options
    missing = [x for x in comments(lines) if " ".join(x.split()) not in words]
    for name, value in options.items():
        if not re.search(rf"(?m)^ *{re.escape(name)}(?: |$)", page):
            missing.append(f"the option {name}")
        elif value and not re.search(rf"(Default|Example): \[?\"?{re.escape(value)}\"?", words):
            missing.append(f"{name}: {value}")
    if missing:
        sys.exit("missing:\n" + "\n".join(missing))


if __name__ == "__main__":
    main(*sys.argv[1:])
