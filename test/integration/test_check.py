"""`--check`: what a file names is looked at, what only the service manager knows is not."""

import json
import os
import subprocess

import pytest
from harness.daemon import BINARY, configuration


def check(path, **environment):
    return subprocess.run([BINARY, "--check", str(path)], cwd="/", capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, env={**os.environ, **environment})


def refused(path):
    """The lines that say what is wrong."""
    done = check(path)
    assert done.returncode == 1 and not done.stdout, done.stdout
    return done.stderr.splitlines()


def accepted(path, **environment):
    """What would be watched, and the warnings."""
    done = check(path, **environment)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("warning: ") for line in lines), lines
    return done.stdout.splitlines(), [line.removeprefix("warning: ") for line in lines]


@pytest.fixture
def file(directory):
    """Writes a configuration: one that warns of nothing, and what is given."""
    path = directory / "checked.json"

    def write(**more):
        entries = [{"name": "alpha", "ip": "192.0.2.1"}]
        path.write_text(json.dumps(configuration(entries, **{"interval": "10s", **more})))
        return path

    return write


def test_nothing_is_said_of_a_plain_file(file):
    shown, warnings = accepted(file())
    assert warnings == []
    assert "static: 1 backend" in shown


def test_credentials_of_the_unit_are_a_warning(file, directory):
    path = file(password_file="%d/password", file={"path": "%d/list.yaml"}, web={"config": "%d/web"})
    _, warnings = accepted(path)
    assert [line.split(": ", 2)[1] for line in warnings] == ["password_file", "file.path",
                                                            "web.config"], warnings
    assert all("service manager" in line for line in warnings)
    # In the unit they are looked at.
    credentials = directory / "credentials"
    credentials.mkdir(exist_ok=True)
    done = check(path, CREDENTIALS_DIRECTORY=str(credentials))
    assert done.returncode == 1 and "password: No such file" in done.stderr
    # And a start without them is an error.
    done = subprocess.run([BINARY, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "CREDENTIALS_DIRECTORY" in done.stderr


def test_lists_in_files_are_read(file, directory):
    path = directory / "listed.yaml"
    path.write_text("garbage: 1\n")
    broken = directory / "broken.yaml"
    broken.write_text("- {name: a}\n- {name: b, ip: h, prt: 1}\n")
    config = file(file=[{"name": "one", "path": str(path)}, {"name": "two", "path": str(broken)}])
    assert refused(config) == [
        f"{path}:1:1: is an object, expected a list: of {{name, ip}}, or of {{targets, labels}}",
        f"{broken}:1:3: [0].ip: is missing, expected an address or a host name",
        f"{broken}:2:20: [1].prt: unknown key, did you mean 'port'?",
    ]
    path.write_text(
        "- targets: ['192.0.2.7:5433', 'nonsense://x']\n  labels: {cluster: c, __database__: shop}\n"
    )
    broken.write_text("- {name: b, ip: db.example.com}\n")
    shown, warnings = accepted(config)
    assert len(warnings) == 1 and "nonsense://x is left out (address)" in warnings[0]
    text = "\n".join(shown)
    assert "one: 1 backend\n  192.0.2.7:5433 at 192.0.2.7:5433, database shop" in text
    assert "two: 1 backend\n  b at db.example.com:5432" in text


def test_every_kind_of_fault_is_said_in_one_run(file, directory):
    listed, web, queries = directory / "l.yaml", directory / "w.yaml", directory / "q"
    listed.write_text("a: 1\n")
    web.write_text("nothing: 1\n")
    queries.mkdir()
    (queries / "x.yaml").write_text("name: 1\n")
    lines = refused(file(file={"path": str(listed)}, web={"config": str(web)},
                         queries={"add": str(queries)}))
    for path in (listed, web, queries):
        assert any(line.startswith(str(path)) for line in lines), lines


def test_surprises_are_warnings(file, directory):
    secret = directory / "empty-password"
    secret.write_text("")
    secret.chmod(0o644)
    _, warnings = accepted(
        file(interval=10, password_file=str(secret), state_dir="/nonexistent/x",
             connections={"connect_timeout": "60s"}, target={"ip": "0.0.0.0"})
    )
    for words in ("interval: is 10 ms", "password_file: is empty", "mode 0644", "/nonexistent: No such",
                  "connect_timeout is not less than interval",
                  "served to other machines without TLS and without passwords"):
        assert any(words in line for line in warnings), (words, warnings)


def test_labels_and_a_way_in_of_its_own(file, directory):
    own = directory / "own-password"
    own.write_text("x\n")
    own.chmod(0o600)
    entries = [{"name": "a", "ip": "192.0.2.1", "labels": {"relname": "x"}}]
    assert refused(file(static={"dbs": entries})) and "relname" in refused(file(static={"dbs": entries}))[0]
    entries[0].update(labels={"cluster": "c"}, password_file=str(own), parameters={"sslmode": "require"})
    assert accepted(file(static={"dbs": entries}))[1] == []
