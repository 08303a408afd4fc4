"""Commands over a connection to a real sshd: what arrives, what comes back, and every way in which it can break."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import runnerops.ssh.link
from runnerops.errors import HostError, LinkLostError
from runnerops.ssh.link import Link
from tests.integration.conftest import StartSshd
from tests.integration.sshd import Sshd
from tests.lab.proxy import Proxy

MEGABYTES = b"0123456789abcde\n" * (5 * 65536)


@pytest.fixture(name="proxy")
def fixture_proxy(sshd: Sshd) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", sshd.port) as proxy:
        yield proxy


@pytest.fixture(name="busy")
def fixture_busy(tmp_path: Path) -> Iterator[list[str]]:
    """A command that says `begun` and works until the test is over, then reads its input; it outlives no test."""
    working = tmp_path / "working"
    working.touch()
    yield ["sh", "-c", 'echo begun; while [ -e "$1" ]; do sleep 0.1; done; cat', "sh", str(working)]
    working.unlink()


def through(proxy: Proxy, sshd: Sshd) -> Link:
    """A link over a line that can break."""
    return sshd.open(sshd.line(name="web-1"), sshd.host(port=proxy.port, sudo=False))


def test_status_and_both_outputs_come_back(sshd: Sshd) -> None:
    with sshd.open() as link:
        completed = link.run(["sh", "-c", "cat; echo no >&2; exit 7"], b"yes\n", 10)
        again = link.run(["true"], b"", 10)
    assert (completed.status, completed.stdout, completed.stderr) == (7, b"yes\n", b"no\n")
    assert (again.status, again.stdout, again.stderr) == (0, b"", b"")


def test_arguments_arrive_as_they_are(sshd: Sshd) -> None:
    hard = ["", " a  b ", "it's", '"', "$HOME", "`id`", "a;b&c|d", "*", "~", "\\", "-n", "é", "a\nb", "!x", "#"]
    with sshd.open() as link:
        completed = link.run(["printf", "%s\\0", *hard], b"", 10)
    assert completed.stdout.decode().split("\0")[:-1] == hard


def test_large_input_and_output_flow_at_the_same_time(sshd: Sshd) -> None:
    with sshd.open() as link:
        completed = link.run(["tee", "/dev/stderr"], MEGABYTES, 60)
    assert completed.status == 0
    assert completed.stdout == MEGABYTES
    assert completed.stderr == MEGABYTES


def test_a_command_may_end_without_reading_its_input(sshd: Sshd) -> None:
    with sshd.open() as link:
        assert link.run(["sh", "-c", "exit 3"], MEGABYTES, 30).status == 3


def test_lines_come_while_the_command_runs(sshd: Sshd, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = 'echo first; until [ -e "$1" ]; do sleep 0.02; done; cat; printf last; exit 4'
    with sshd.open() as link:
        lines = link.lines(["sh", "-c", script, "sh", str(go)], b"second\n")
        assert next(lines) == b"first\n"
        go.touch()
        assert list(lines) == [b"second\n", b"last"]
        assert link.status == 4


def test_a_command_that_takes_too_long_is_given_up(sshd: Sshd) -> None:
    with sshd.open() as link:
        with pytest.raises(HostError, match="web-1: no answer in time"):
            link.run(["sh", "-c", "for i in $(seq 60); do echo x; sleep 0.05; done"], b"", 0.4)
        assert link.run(["echo", "still here"], b"", 10).stdout == b"still here\n"


@pytest.mark.parametrize("how", ["run", "lines"])
def test_a_connection_that_breaks_is_told_apart(how: str, sshd: Sshd, proxy: Proxy, busy: list[str]) -> None:
    with through(proxy, sshd) as link:
        lines = link.lines(busy, b"")
        assert next(lines) == b"begun\n"
        proxy.cut()
        with pytest.raises(LinkLostError, match="the connection was lost"):
            list(lines) if how == "lines" else link.run(["true"], b"", 10)
        with pytest.raises(LinkLostError):
            link.run(["true"], b"", 10)


def test_a_connection_cut_in_the_middle_of_large_input(sshd: Sshd, proxy: Proxy, busy: list[str]) -> None:
    with through(proxy, sshd) as link:
        threading.Timer(0.3, proxy.cut).start()
        with pytest.raises(LinkLostError):
            link.run(busy, MEGABYTES, 30)


ALIVE = "Host *\nServerAliveInterval 1\nServerAliveCountMax 1\n"


def test_a_dead_connection_is_noticed_although_nothing_closes_it(
    sshd: Sshd, proxy: Proxy, busy: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".ssh" / "config").write_text(ALIVE)
    monkeypatch.setattr(runnerops.ssh.link, "CHANNEL_SECONDS", 0.4)
    with through(proxy, sshd) as link:
        lines = link.lines(busy, b"")
        next(lines)
        proxy.freeze()
        with pytest.raises(LinkLostError):
            next(lines)
        proxy.cut()


def test_a_silent_command_does_not_end_the_connection(sshd: Sshd, home: Path) -> None:
    (home / ".ssh" / "config").write_text(ALIVE)
    with sshd.open() as link:
        assert list(link.lines(["sh", "-c", "sleep 1.5; echo done"], b"")) == [b"done\n"]


def test_the_host_learns_at_once_that_the_connection_is_closed(sshd: Sshd, home: Path) -> None:
    """Not when the thread of the connection looks at it again."""
    (home / ".ssh" / "config").write_text("Host *\n    ServerAliveInterval 2400\n")
    with sshd.open() as link:
        assert link.run(["true"], b"", 10).status == 0
    deadline = time.monotonic() + 30
    while "Connection closed by" not in sshd.log():
        assert time.monotonic() < deadline, sshd.log()
        time.sleep(0.02)


def test_a_command_that_is_killed_there_has_no_status(sshd: Sshd) -> None:
    with sshd.open() as link, pytest.raises(LinkLostError, match="ended by a signal"):
        link.run(["exec", "sh", "-c", "kill -9 $$"], b"", 10)


@pytest.mark.parametrize(("answer", "status"), [('shift; exec "$@"', 0), ("exit 1", 1)])
def test_sudo_is_used_and_explained(answer: str, status: int, tmp_path: Path, start_sshd: StartSshd) -> None:
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text(f'#!/bin/sh\n[ "$1" = -n ] || exit 9\n{answer}\n')
    sudo.chmod(0o755)
    server = start_sshd(f"SetEnv PATH={sudo.parent}:/usr/bin:/bin")
    with server.open(host=server.host(sudo=True)) as link:
        if status == 0:
            assert link.run(["echo", "hi"], b"", 10).stdout == b"hi\n"
            assert link.run(["false"], b"", 10).status == 1
        else:
            with pytest.raises(HostError, match="cannot become root") as caught:
                link.run(["id"], b"", 10)
            assert "NOPASSWD" in caught.value.hint
            assert caught.value.result == "refused"


def test_a_host_that_runs_one_command_only(start_sshd: StartSshd) -> None:
    server = start_sshd("MaxSessions 0")
    with server.open() as link, pytest.raises(HostError, match="it does not open a session") as caught:
        link.run(["true"], b"", 10)
    assert not isinstance(caught.value, LinkLostError)
