"""The console's prompt at a terminal."""

import os
import stat

import pytest
from harness.console import Terminal, data, path_of
from harness.daemon import BY_ORDER, backend
from harness.network import address
from harness.proxy import Proxy
from harness.waiting import wait_until

UP, TAB, CTRL_A, CTRL_C, CTRL_D = "\x1b[A", "\t", "\x01", "\x03", "\x04"


@pytest.fixture(scope="module")
def primary(cluster):
    server = cluster(listen=[address(i) for i in range(1, 4)]).start()
    server.role()
    return server


@pytest.fixture
def daemon(primary, watch):
    names = ["alpha", "alpine", "two words"]
    daemon = watch([{"name": name, "ip": host, "port": primary.port}
                    for name, host in zip(names, primary.listen)])
    daemon.wait_up(*names)
    return daemon


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture
def terminal(daemon, home):
    with Terminal(path_of(daemon), home) as terminal:
        terminal.wait_for(Terminal.PROMPT)
        yield terminal


def test_answers(terminal):
    shown = terminal.ask("backends")
    lines = shown.splitlines()
    assert "backends" in lines[0]
    assert lines[1].startswith("backend    up") or lines[1].startswith("backend  ")
    assert [x.split("  ")[0] for x in lines[2:5]] == ["alpha", "alpine", "two words"]
    assert "error: unknown command 'actor5'" in terminal.ask("actor5")
    assert "version" in terminal.ask('backend "two words"')
    assert '"backend":"alpha"' in terminal.ask("backends --json")
    # Nothing happens for an empty line.
    terminal.type("\n")
    assert "error" not in terminal.wait_for("\n" + Terminal.PROMPT)


@pytest.mark.parametrize("keys", ["quit\n", "exit\n", "  quit  \n", CTRL_D])
def test_leaving(terminal, keys):
    terminal.type(keys)
    assert terminal.wait_end() == 0


def test_interrupt_at_the_prompt(terminal, daemon):
    """What stood there before Ctrl-C is no command, whether the client goes on or ends."""
    terminal.type("pause --all")
    terminal.wait_for("--all")
    terminal.type(CTRL_C)
    wait_until(lambda: terminal.process.poll() is not None or terminal.has_prompt(), 10)
    if terminal.process.poll() is None:
        assert "error" not in terminal.ask("")
    assert data(daemon, "scheduler")["paused_count"] == 0


def test_completion_of_a_command(terminal):
    terminal.type("sched" + TAB)
    terminal.wait_for("scheduler ")
    terminal.type("\n")
    terminal.wait_for("next tick")

    terminal.type("back" + TAB + TAB)
    shown = terminal.wait_for("backendstat")
    assert "backends" in shown
    terminal.type("s\n")
    assert "alpine" in terminal.wait_for("\n" + Terminal.PROMPT)
    terminal.type("nothing" + TAB + "\n")
    assert "unknown command 'nothing'" in terminal.wait_for("\n" + Terminal.PROMPT)


def test_completion_of_a_backend(terminal):
    terminal.type("backend al" + TAB)
    terminal.wait_for("backend alp")
    terminal.type("i" + TAB)
    terminal.wait_for("ine ")
    terminal.type("\n")
    assert "alpine@" in terminal.wait_for("\n" + Terminal.PROMPT)
    # Of one with a blank the quotes too.
    terminal.type('poll "t' + TAB)
    terminal.wait_for('poll "two words" ')
    terminal.type("\n")
    assert "two words@" in terminal.wait_for("\n" + Terminal.PROMPT)
    terminal.type("log debug --b" + TAB + "alpi" + TAB)
    terminal.wait_for("--backend alpine ")
    terminal.type("\n")
    assert "debug" in terminal.wait_for("\n" + Terminal.PROMPT)


def test_completion_in_quotes(terminal):
    """What can not be completed stays as it was typed, however long it is."""
    for text in ('poll "' + "x" * 60, '"', 'poll "two words" "', "backend " + "y" * 50):
        terminal.type(text + TAB + "\x15")
        terminal.wait_for(text)
        assert "leave" in terminal.ask("help quit"), text


def test_history(daemon, home):
    with Terminal(path_of(daemon), home) as terminal:
        terminal.wait_for(Terminal.PROMPT)
        terminal.ask("help pause")
        terminal.ask("help resume")
        terminal.type(UP)
        terminal.wait_for("help resume")
        terminal.type(UP)
        terminal.wait_for("pause")
        terminal.type("\n")
        assert "stop polling" in terminal.wait_for("\n" + Terminal.PROMPT)
        terminal.type("quit\n")
        assert terminal.wait_end() == 0
    file = home / "pgstatsmon_history"
    assert stat.S_IMODE(os.lstat(file).st_mode) == 0o600
    assert os.listdir(home) == [file.name]
    with Terminal(path_of(daemon), home) as terminal:
        terminal.wait_for(Terminal.PROMPT)
        terminal.type(UP + UP)
        terminal.wait_for("help pause")
        terminal.type("\n")
        assert "stop polling" in terminal.wait_for("\n" + Terminal.PROMPT)


def test_a_history_that_can_not_be_kept(daemon, home):
    with Terminal(path_of(daemon), home / "missing") as terminal:
        terminal.wait_for(Terminal.PROMPT)
        assert "leave" in terminal.ask("help quit")


@pytest.mark.parametrize("end", ["\n", CTRL_C])
def test_watch(terminal, end):
    terminal.type("watch backends\n")
    terminal.wait_for("two words", times=3)
    # Each look begins on a clear screen.
    assert terminal.codes.count("\x1b[H\x1b[2J") >= 3
    terminal.type(end)
    terminal.wait_for(Terminal.PROMPT)
    assert "leave" in terminal.ask("help quit")
    terminal.type(CTRL_D)
    assert terminal.wait_end() == 0


def test_interrupt_of_a_wait(primary, watch, home):
    """Ctrl-C and Enter while an answer is made leave the prompt as it should be."""
    with Proxy(primary) as proxy:
        daemon = watch([backend("silent", proxy)], interval=BY_ORDER,
                       connections={"query_timeout": 6000})
        daemon.wait_up("silent")
        proxy.frozen = True
        with Terminal(path_of(daemon), home) as terminal:
            terminal.wait_for(Terminal.PROMPT)
            terminal.type("poll silent\n")
            wait_until(lambda: data(daemon, "scheduler")["in_flight"], what="the poll is under way")
            for keys in (CTRL_C, "\n", CTRL_C):
                terminal.type(keys)
            assert "poll  " in terminal.wait_for("\n" + Terminal.PROMPT)
            assert "leave" in terminal.ask("help quit")
        proxy.frozen = False
        proxy.cut()
        daemon.stop()


def test_the_daemon_is_started_anew(terminal, daemon):
    assert "alpha" in terminal.ask("backends")
    daemon.stop()
    assert "no daemon answers at" in terminal.ask("backends")
    # Nothing to complete with, and no harm.
    terminal.type("sched" + TAB + "\n")
    terminal.wait_for("no daemon answers at")
    daemon.start().wait_ready()
    assert "alpha" in terminal.ask("backends")


def test_no_daemon(home):
    with Terminal(str(home / "none.sock"), home) as terminal:
        assert terminal.wait_end() == 1
        assert f"no daemon answers at {home}/none.sock" in terminal.shown
