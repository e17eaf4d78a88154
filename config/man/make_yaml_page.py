"""Makes pgstatsmon.yaml(5) of the example configuration and a frame: FRAME EXAMPLE OUTPUT.

A comment of the example belongs to the option below it. `#option:`, without a space, is an option
that is off. Nested options get dotted names. The frame's line `@OPTIONS@` is where all of it goes.
"""

import re
import sys
from pathlib import Path

OFF = re.compile(r"( *)#(?! \S|$)")  # "# " begins a comment
HEADING = re.compile(r"# -- (.*?) -+$")
COMMENT = re.compile(r" *# ?(.*)$")
OPTION = re.compile(r"(?P<indent> *)(?P<dash>- )?(?P<name>[\w-]+):(?: (?P<value>.*))?$")
ITEM = re.compile(r" *- (.*)$")


def escape(text):
    """Text that mdoc takes as it is."""
    text = text.replace("\\", "\\e").replace('"', "\\(dq").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def prose(comment):
    """Comment lines as mdoc: paragraphs, and a new line after each sentence."""
    out = []
    for paragraph in "\n".join(comment).split("\n\n"):
        text = " ".join(paragraph.split())
        out += [".Pp"] if out else []
        out += [escape(x) for x in re.split(r"(?<=[A-Za-z0-9)][.?]) (?=[A-Z%`])", text)]
    return out


class Page:
    """What the example says, as mdoc."""

    def __init__(self):
        self.out, self.comment, self.names = [], [], []
        self.path = []  # (depth, name) of the options around
        self.entry = None  # depth of the list entry that we are in
        self.in_list = False
        self.item = None

    def end_list(self):
        if self.in_list:
            self.out.append(".El")
        self.in_list = False

    def flush(self):
        """Puts a comment that stands alone."""
        if self.comment:
            self.end_list()
            self.out += ([] if self.out[-1:] and self.out[-1].startswith(".Ss") else [".Pp"])
            self.out += prose(self.comment)
        self.comment = []

    def heading(self, title):
        self.flush()
        self.end_list()
        self.out.append(f".Ss {escape(title.capitalize())}")

    def option(self, match, off):
        depth = len(match["indent"]) + (2 if match["dash"] else 0)
        if match["dash"]:
            self.entry = depth
        elif self.entry is not None and depth < self.entry:
            self.entry = None
        self.path = [x for x in self.path if x[0] < depth] + [(depth, match["name"])]
        name = ".".join(x[1] for x in self.path)
        comment, self.comment = self.comment, []
        if name in self.names:
            return
        self.names.append(name)
        if not self.in_list:
            self.out.append(".Bl -tag -width Ds")
            self.in_list = True
        self.item, plain = f".It Va {escape(name)}", match["value"] in (None, "{}", "''")
        if comment:
            self.put_item()
            self.out += prose(comment)
        # What the comment calls the default need not be an example, too.
        said = f"Default: {match['value']}." in " ".join(comment)
        if not plain and not said:
            self.value(match["value"], off or self.entry is not None)

    def put_item(self):
        """Puts the option's head; one without comment and value only holds others."""
        if self.item:
            self.out.append(self.item)
        self.item = None

    def value(self, text, example):
        self.put_item()
        if not self.out[-1].startswith(".It"):
            self.out.append(".Pp")
        self.out += ["Example:" if example else "Default:", f".Li {escape(text)}"]

    def line(self, line):
        if heading := HEADING.match(line):
            self.heading(heading[1])
            return
        bare = OFF.sub(r"\1", line, count=1)
        if option := OPTION.match(bare):
            self.option(option, bare != line)
        elif comment := COMMENT.match(bare):
            self.comment.append(comment[1])
        elif item := ITEM.match(bare):
            self.value(item[1], True)
        else:
            self.flush()


def read(text):
    """The page of an example file's text."""
    page = Page()
    for line in text.splitlines():
        page.line(line)
    page.flush()
    page.end_list()
    return page


def main(frame, example, output):
    options = "\n".join(read(Path(example).read_text()).out)
    Path(output).write_text(Path(frame).read_text().replace("@OPTIONS@", options))


if __name__ == "__main__":
    main(*sys.argv[1:])
