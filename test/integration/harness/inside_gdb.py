"""Runs inside gdb: writes each hit of a tracepoint as a line of JSON, detaches at the end."""

import json
import os

import gdb

wanted = json.loads(os.environ["WANTED"])
hits = 0


def argument(i, kind):
    value = int(gdb.parse_and_eval(f"$_probe_arg{i}"))
    if kind == "number":
        return value
    memory = gdb.selected_inferior()
    text = bytearray()
    while (byte := memory.read_memory(value + len(text), 1).tobytes()) != b"\0":
        text += byte
    return text.decode()


class Probe(gdb.Breakpoint):
    def __init__(self, name, kinds):
        super().__init__(f"-probe-stap pgstatsmon:{name}")
        self.name, self.kinds = name, kinds

    def stop(self):
        global hits
        assert int(gdb.parse_and_eval("$_probe_argc")) == len(self.kinds), self.name
        arguments = [argument(i, kind) for i, kind in enumerate(self.kinds)]
        print("event", json.dumps([self.name, *arguments]), flush=True)
        hits += self.name == wanted["until"]
        return hits >= wanted["times"]


probes = [Probe(name, kinds) for name, kinds in wanted["probes"].items()]
gdb.execute("continue")
for probe in probes:
    probe.delete()
gdb.execute("detach")
print("the end", flush=True)
