#!/usr/bin/python3
"""A VMAPI server for tests and demonstrations, quirks and all.

By hand: test/fake_vmapi.py --port 8080 [VMS.json]; then
  curl 'localhost:8080/vms?state=running&tag.manta_role=*postgres'
  curl -d '{"vms": [...]}' localhost:8080/control     replaces the VMs
  curl -d '{"fault": "hang"}' localhost:8080/control  switches a fault on, null switches it off
  curl localhost:8080/control                         what was asked so far, and the fault

Faults: see FAULTS. A fault may be {"name": ..., "times": N}: after N requests it is over.
"""

import argparse
import base64
import gzip
import hashlib
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus, urlsplit

VERSION = "9.16.0"
MAX_PAGE = 1000
STATES = ("active", "destroyed", "running", "stopped")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
ALIAS = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
NUMBERS = ("create_timestamp", "ram")
PLAIN = ("billing_id", "brand", "image_uuid", "owner_uuid", "package_name", "package_version")
PLAIN += ("server_uuid", "predicate", "query", "docker", "uuids")
SORT_KEYS = ("uuid", "owner_uuid", "image_uuid", "billing_id", "server_uuid", "tags", "brand")
SORT_KEYS += ("state", "alias", "max_physical_memory", "create_timestamp", "docker")
ORDER = "alias billing_id brand create_timestamp docker fields image_uuid internal_metadata limit"
ORDER += " marker offset owner_uuid package_name package_version predicate query ram server_uuid"
ORDER = (ORDER + " sort state tag uuid uuids").split()

FAULTS = {
    "500": "HTTP 500 with a code",
    "500-no-code": "HTTP 500 with a message alone, as internal errors have it",
    "503": "HTTP 503 MorayBucketsNotSetup",
    "409": "HTTP 409 as for a parameter that does not exist",
    "404": "HTTP 404",
    "302": "a redirect to /elsewhere on this host, where the answer is",
    "302-loop": "a redirect to itself",
    "302-away": "a redirect to another host",
    "close": "the connection is closed without an answer",
    "reset": "the connection is reset without an answer",
    "hang": "no answer",
    "slow-headers": "the headers come a byte a second",
    "slow-body": "the body comes a byte a second",
    "truncated": "the connection ends in the middle of the body",
    "truncated-json": "half of the body, with a Content-Length that fits it",
    "html": "200 with HTML",
    "object": "200 with {}",
    "empty": "200 with [] and a count of 0",
    "empty-count": "200 with [] and the true count",
    "no-uuid": "a VM without uuid at the end",
    "wrong-md5": "a Content-MD5 that does not fit",
    "md5": "a Content-MD5 that fits",
    "gzip": "gzip, whatever was accepted",
    "gzip-bomb": "gzip of 256 MB of blanks",
    "large": "32 MB of blanks before the list",
    "large-headers": "1 MB of headers",
    "not-http": "an answer that is no HTTP",
    "duplicates": "every VM twice in each page, once in the count",
    "overlap": "each page begins with the last VM of the page before",
    "no-count": "no x-joyent-resource-count",
    "wrong-count": "a count that is one too high",
    "short-pages": "at most 3 VMs a page, whatever the limit",
    "vanish": "the first VM of all is gone from the second page on",
    "appear": "there is one more VM from the second page on",
    "ignore-marker": "every page is the first",
    "half": "only the first third of the VMs, count and all",
}


def make_vm(number, address, role="postgres", alias=None, **more):
    """A VM with all that a client must tolerate; its uuid follows from the number."""
    name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"vm{number}"))
    nic = {"interface": "net1", "mac": f"90:b8:d0:00:{number >> 8 & 255:02x}:{number & 255:02x}"}
    nic |= {"vlan_id": 4, "nic_tag": "manta", "ip": address, "netmask": "255.255.255.0"}
    nic |= {"gateway": "172.27.3.1", "primary": True}
    admin = {"interface": "net0", "mac": "90:b8:d0:00:00:01", "vlan_id": 0, "nic_tag": "admin"}
    admin |= {"ip": "10.99.99.31", "netmask": "255.255.255.0", "primary": False}
    vm = {"uuid": name, "alias": alias or f"{number}.{role}.dc1", "autoboot": True}
    vm |= {"brand": "joyent-minimal", "billing_id": str(uuid.UUID(int=0)), "cpu_cap": 400}
    vm |= {"cpu_shares": 32, "create_timestamp": "2026-01-02T03:04:05.000Z"}
    vm |= {"customer_metadata": {}, "datasets": [], "destroyed": None, "firewall_enabled": False}
    vm |= {"internal_metadata": {}, "last_modified": "2026-01-02T03:04:06.000Z"}
    vm |= {"limit_priv": "default", "max_locked_memory": 8192, "max_lwps": 4000}
    vm |= {"max_physical_memory": 8192, "max_swap": 16384, "nics": [admin, nic]}
    vm |= {"owner_uuid": "930896af-bf8c-48d4-885c-6573a94b1853", "quota": 25, "ram": 8192}
    vm |= {"platform_buildstamp": "20260101T000000Z", "resolvers": ["10.99.99.11"]}
    vm |= {"server_uuid": None, "snapshots": [], "state": "running", "zone_state": "running"}
    vm |= {"tags": {"smartdc_role": role, "manta_role": role}, "zfs_io_priority": 32}
    vm |= {"zfs_filesystem": f"zones/{name}", "zonepath": f"/zones/{name}", "zpool": "zones"}
    return {**vm, **more}


# -- parameters and their faults ---------------------------------------------------------------------


def invalid(field, message):
    return {"field": field, "code": "Invalid", "message": message}


def is_integer(text, low, high=None):
    if not re.fullmatch(r"[+-]?\d+", text):
        return False
    return int(text) >= low and (high is None or int(text) <= high)


def check(name, value):
    """The fault of one parameter, or None. `name` is what comes before the first dot."""
    if name == "state" and value not in STATES:
        return invalid("state", f"Must be one of: {', '.join(STATES)}")
    if name == "limit" and not is_integer(value, 1, MAX_PAGE):
        text = f"Not a valid number: number must be >= 1 and <= {MAX_PAGE}"
        return invalid("limit", text)
    if name == "offset" and not is_integer(value, 0):
        return invalid("offset", "Not a valid number: number must be >= 0")
    if name == "uuid" and not UUID.fullmatch(value):
        return invalid("uuid", "Invalid UUID")
    if name == "alias" and not ALIAS.fullmatch(value):
        return invalid("alias", "Invalid alias")
    if name in NUMBERS and not is_integer(value, 0):
        return invalid(name, "Not a valid number: number must be >= 0")
    if name == "tag" and value == "":
        return invalid("tag", 'Invalid tag value: ""')
    if name == "sort" and not re.fullmatch(rf"({'|'.join(SORT_KEYS)})(\.(asc|desc))?", value, re.I):
        return invalid("sort", "Invalid sort")
    if name == "marker":
        try:
            marker = json.loads(value)
        except ValueError:
            marker = None
        if not isinstance(marker, dict) or not isinstance(marker.get("uuid"), str):
            return invalid("marker", "Invalid marker")
    return None


def known(name):
    head, dot, tail = name.partition(".")
    if head in ("tag", "internal_metadata"):
        return bool(dot and tail)
    return not dot and head in ORDER


def validate(parameters):
    """All faults: unknown parameters in request order, then the others in the validators'."""
    faults = [invalid(name, "Invalid parameter") for name, _ in parameters if not known(name)]
    found = []
    for name, value in parameters:
        head = name.partition(".")[0]
        fault = check(head, value) if known(name) else None
        if fault:
            found.append((ORDER.index(head), fault))
    return faults + [fault for _, fault in sorted(found, key=lambda x: x[0])]


# -- which VMs match -----------------------------------------------------------------------------------


def escaped(text):
    return text.replace("-", "%2D").replace("=", "%3D")


def indexed(value):
    """A tag's value as the index has it."""
    if isinstance(value, bool):
        return f"%b{{{str(value).lower()}}}"
    if isinstance(value, (int, float)):
        return f"%n{{{value}}}"
    return escaped(str(value))


def tag_index(tags):
    """All tags of a VM in one string, which is why a `*` can run from one into the next."""
    return "-" + "".join(f"{escaped(k)}={indexed(v)}-" for k, v in (tags or {}).items())


def like(pattern):
    """SQL's LIKE: % and _ are alive, because nobody escapes them."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.S)


def tag_filter(key, value):
    """What `tag.KEY=VALUE` becomes on its way to the database."""
    key, plain = key.replace("-", "%2D"), value.replace("-", "%2D")
    forms = [plain]
    if value in ("true", "false"):
        forms.append(f"%b{{{value}}}")
    elif re.fullmatch(r"-?\d+(\.\d+)?", value):
        forms.append(f"%n{{{value}}}")
    patterns = [like("%" + f"-{key}={form}-".replace("*", "%") + "%") for form in forms]
    return lambda vm: any(p.fullmatch(tag_index(vm.get("tags"))) for p in patterns)


def state_filter(state):
    if state == "active":
        return lambda vm: vm.get("state") not in ("destroyed", "failed")
    # A server whose state is not `running` shows through in the answer, not in the filter.
    return lambda vm: vm.get("filter_state", vm.get("state")) == state


def equal_filter(name, value):
    return lambda vm: str(vm.get(name)) == value


def filters(parameters):
    for name, value in parameters:
        head, _, tail = name.partition(".")
        if head == "tag":
            yield tag_filter(tail, value)
        elif head == "state":
            yield state_filter(value)
        elif head == "alias":
            yield lambda vm, value=value: str(vm.get("alias") or "").startswith(value)
        elif head in ("uuid", *NUMBERS, *PLAIN):
            yield equal_filter(head, value)


def select(vms, parameters):
    """The VMs that match, by uuid, the highest first."""
    tests = list(filters(parameters))
    found = [vm for vm in vms if all(test(vm) for test in tests)]
    return sorted(found, key=lambda vm: vm.get("uuid", ""), reverse=True)


# -- the server ------------------------------------------------------------------------------------------


class State:
    """What the server knows; the handlers' threads share it."""

    def __init__(self, vms=()):
        self.lock = threading.Lock()
        self.vms = list(vms)
        self.fault = None
        self.left = None
        self.requests = []
        self.documents = {}  # what other paths answer, for http_sd
        self.stopping = threading.Event()

    def set(self, vms=None, documents=None, **more):
        with self.lock:
            self.documents.update(documents or {})
            if vms is not None:
                self.vms = list(vms)
            if "fault" in more:
                fault = more["fault"]
                wanted = fault if isinstance(fault, dict) else {"name": fault}
                if wanted["name"] is not None and wanted["name"] not in FAULTS:
                    raise ValueError(f"no such fault: {wanted['name']}")
                self.fault, self.left = wanted["name"], wanted.get("times")

    def take_fault(self):
        """The fault of the next request."""
        with self.lock:
            fault = self.fault
            if fault and self.left is not None:
                self.left -= 1
                if self.left <= 0:
                    self.fault = self.left = None
            return fault

    def note(self, method, url, headers):
        with self.lock:
            entry = {"method": method, "url": url, "headers": dict(headers), "time": time.time()}
            self.requests.append(entry)


def shown(vm):
    return {key: value for key, value in vm.items() if key != "filter_state"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = f"VMAPI/{VERSION}"
    sys_version = ""
    timeout = 60

    def log_message(self, *_):
        pass

    # -- routes --------------------------------------------------------------------------------------

    def do_GET(self):
        self.begun = time.monotonic()
        path = urlsplit(self.path).path
        if path == "/control":
            return self.show_state()
        self.server.state.note(self.command, self.path, self.headers)
        if self.server.auth and self.headers.get("Authorization") != self.server.auth:
            return self.reply(401, {"code": "NotAuthorized", "message": "Not authorized"})
        fault = self.server.state.take_fault()
        if path == "/ping":
            return self.reply(200, {"pingErrors": {}, "pid": 1, "status": "OK", "healthy": True})
        if path in self.server.state.documents:
            return self.reply(200, self.server.state.documents[path])
        if path not in ("/vms", "/elsewhere"):
            body = {"code": "ResourceNotFound", "message": f"{path} does not exist"}
            return self.reply(404, body)
        if fault and self.break_off(fault, path):
            return None
        return self.list_vms(fault)

    do_HEAD = do_GET

    def do_POST(self):
        if self.path != "/control":
            return self.reply(405, {"code": "MethodNotAllowed", "message": "POST is not allowed"})
        try:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.server.state.set(**json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            return self.reply(400, {"message": str(error)})
        return self.reply(200, {})

    def show_state(self):
        state = self.server.state
        with state.lock:
            body = {"fault": state.fault, "vms": len(state.vms), "requests": list(state.requests)}
        self.reply(200, body)

    # -- GET /vms ------------------------------------------------------------------------------------

    def parameters(self):
        """Names and values in the order of the request; empty values count."""
        pairs = [p.partition("=") for p in urlsplit(self.path).query.split("&") if p]
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]

    def list_vms(self, fault):
        parameters = self.parameters()
        faults = validate(parameters)
        if faults:
            body = {"code": "ValidationFailed", "message": "Invalid Parameters", "errors": faults}
            return self.reply(409, body)
        given = dict(parameters)
        if int(given.get("offset", 0)) and "marker" in given:
            message = "offset and marker cannot be used at the same time"
            body = {"fields": ["offset", "marker"], "code": "ConflictingParameters"}
            return self.reply(409, {**body, "message": message})
        with self.server.state.lock:
            vms = list(self.server.state.vms)
        later = "marker" in given or int(given.get("offset", 0)) > 0
        found = self.alter(fault, select(vms, parameters), later)
        page = self.page(fault, found, given)
        return self.send_list(fault, page, len(found))

    def alter(self, fault, found, later):
        """The list as a fault makes it."""
        if fault in ("empty", "half"):
            return found[: len(found) // 3] if fault == "half" else []
        if fault == "vanish" and later:
            return found[1:]
        if fault == "appear" and later:
            last = make_vm(99_999, "127.0.0.1", uuid=str(uuid.UUID(int=1)))
            return [*found, last]
        return found

    def page(self, fault, found, given):
        limit = int(given.get("limit", MAX_PAGE))
        start = int(given.get("offset", 0))
        if "marker" in given and fault != "ignore-marker":
            after = json.loads(given["marker"])["uuid"]
            start = sum(1 for vm in found if vm.get("uuid", "") >= after)
        if fault == "overlap" and start:
            start -= 1
            limit = min(limit + 1, MAX_PAGE)
        if fault in ("short-pages", "overlap"):
            limit = min(limit, 3)
        page = found[start : start + limit]
        return [vm for vm in page for _ in range(2)] if fault == "duplicates" else page

    def send_list(self, fault, page, count):
        vms = [shown(vm) for vm in page]
        if fault == "no-uuid":
            vms.append({"alias": "nobody", "state": "running"})
        headers = {"x-joyent-resource-count": count + (fault == "wrong-count")}
        if fault == "no-count":
            headers = {}
        body = {"html": b"<html><body>It works!</body></html>", "object": b"{}",
                "empty-count": b"[]"}.get(fault) or json.dumps(vms).encode()
        if fault == "large":
            body = b" " * (32 << 20) + body
        if fault == "truncated-json":
            body = body[: len(body) // 2]
        if fault in ("md5", "wrong-md5"):
            digest = hashlib.md5(body if fault == "md5" else b"").digest()
            headers["Content-MD5"] = base64.b64encode(digest).decode()
        if fault in ("gzip", "gzip-bomb"):
            body = gzip.compress(body if fault == "gzip" else b" " * (256 << 20))
            headers["Content-Encoding"] = "gzip"
        if fault == "large-headers":
            headers |= {f"x-filler-{i}": "x" * 1000 for i in range(1000)}
        self.send_bytes(200, body, headers, fault)

    # -- faults --------------------------------------------------------------------------------------

    def break_off(self, fault, path):
        """Answers in place of the list; false when the fault lets the list through."""
        errors = {
            "500": (500, {"code": "InternalError", "message": "something is wrong"}),
            "500-no-code": (500, {"message": "something is wrong"}),
            "503": (503, {"code": "MorayBucketsNotSetup",
                          "message": "Moray buckets are not setup", "lastInitError": "none"}),
            "404": (404, {"code": "ResourceNotFound", "message": "Route does not exist"}),
            "409": (409, {"code": "ValidationFailed", "message": "Invalid Parameters",
                          "errors": [invalid("foo", "Invalid parameter")]}),
        }
        if fault in errors:
            self.reply(*errors[fault])
        elif fault.startswith("302") and path == "/vms":
            query = "?" + urlsplit(self.path).query
            away = "http://other.invalid/vms"
            target = {"302": "/elsewhere", "302-loop": "/vms", "302-away": away}[fault]
            self.send_bytes(302, b"", {"Location": target + query})
        elif fault == "hang":
            self.server.state.stopping.wait(60)
            self.close_connection = True
        elif fault == "close":
            self.close_connection = True
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
        elif fault == "not-http":
            self.wfile.write(b"\x16\x03\x01 what is this\r\n\r\n")
            self.close_connection = True
        else:
            return False
        return True

    def drip(self, data):
        """A byte a second until the client has had enough."""
        for byte in data:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.state.stopping.wait(1):
                return

    # -- answers -------------------------------------------------------------------------------------

    def reply(self, status, body):
        self.send_bytes(status, json.dumps(body).encode(), {})

    def head(self, status, body, headers):
        length = str(len(body))
        taken = str(int(1000 * (time.monotonic() - self.begun))) if hasattr(self, "begun") else "0"
        fields = {"Content-Type": "application/json", "Content-Length": length, **headers}
        fields |= {"x-request-id": str(uuid.uuid4()), "x-response-time": taken}
        fields |= {"x-server-name": "fake", "Connection": self.headers.get("Connection", "")}
        lines = [f"HTTP/1.1 {status} {self.responses[status][0]}"]
        lines += [f"Server: {self.version_string()}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in fields.items() if str(value)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send_bytes(self, status, body, headers, fault=None):
        head = self.head(status, body, headers)
        if fault == "slow-headers":
            self.drip(head)
            self.close_connection = True
            return
        self.wfile.write(head)
        if self.command == "HEAD":
            return
        if fault == "slow-body":
            self.drip(body)
            self.close_connection = True
        elif fault == "truncated":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # a client that went away


class FakeVmapi:
    """The server on threads of this process. `tls`: (certificate, key, client CA or None);
    `auth`: "user:password"."""

    def __init__(self, host="127.0.0.1", port=0, vms=(), tls=None, auth=None):
        self.state = State(vms)
        self.server = Server((host, port), Handler)
        self.server.state = self.state
        self.server.auth = auth and "Basic " + base64.b64encode(auth.encode()).decode()
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[0], tls[1])
            if tls[2]:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(tls[2])
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.host, self.port = self.server.server_address[:2]
        self.url = f"{'https' if tls else 'http'}://{self.host}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self.thread.start()
        return self

    def set(self, **what):
        """vms=[...], fault="name" or None or {"name": ..., "times": N}, documents={path: ...}."""
        self.state.set(**what)

    def requests(self):
        with self.state.lock:
            return list(self.state.requests)

    def stop(self):
        self.state.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def main():
    text = "\n".join(f"  {name:15} {what}" for name, what in FAULTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="faults:\n" + text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("vms", nargs="?", help="JSON file with a list of VMs; default: two VMs")
    options = parser.parse_args()
    vms = [make_vm(1, "172.27.3.30"), make_vm(2, "172.27.3.31", "buckets-postgres")]
    if options.vms:
        with open(options.vms, encoding="utf-8") as file:
            vms = json.load(file)
    server = FakeVmapi(options.host, options.port, vms).start()
    print(f"VMAPI on {server.url}", flush=True)
    try:
        server.thread.join()
    except KeyboardInterrupt:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
