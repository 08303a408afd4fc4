"""Many hosts behind one jump host: there is one login for all of them, and what the jump host refuses is tried once."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

import pytest

import runnerops.ssh.connect
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.threads import side_by_side
from runnerops.errors import HostError, HostKeyError
from runnerops.model.inventory import Host, Inventory
from runnerops.report.screen import Screen
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.keys import Credentials
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Sshd, known_from

MANY = 12


@pytest.fixture(name="gateway")
def fixture_gateway(start_sshd: StartSshd) -> Sshd:
    return start_sshd("MaxStartups 3:100:3", kinds=("ecdsa",))


def behind(sshd: Sshd, gateway: Sshd, **ssh: object) -> dict[str, Host]:
    """Hosts with names of their own, all of which are that one sshd."""
    whole: dict[str, object] = {"gateway": f"{USER}@{ADDRESS}:{gateway.port}", **ssh}
    host = sshd.host(**whole)
    return {f"web-{n}": Host(f"web-{n}", ADDRESS, ssh=host.ssh) for n in range(MANY)}


def pool_of(hosts: dict[str, Host], folder: Path, known_hosts: str) -> ConnectionPool:
    (folder / "known_hosts").write_text(known_hosts)
    inventory = Inventory("inventory.yml", tuple(hosts.values()), {}, folder)
    return ConnectionPool(inventory, {"HOME": str(folder)}, Screen(out=StringIO(), err=StringIO()))


def logins(server: Sshd) -> tuple[int, int]:
    """How many connections came, and how many of them got in."""
    return server.log().count("Connection from"), server.log().count("Accepted publickey")


def test_a_jump_host_is_logged_in_to_once(sshd: Sshd, gateway: Sshd, tmp_path: Path) -> None:
    hosts = behind(sshd, gateway)
    with pool_of(hosts, tmp_path, sshd.line() + gateway.line("ecdsa")) as pool:
        ask = lambda name: pool.link(hosts[name]).run(["echo", name], b"", 60).stdout  # noqa: E731
        assert side_by_side(list(hosts), ask) == {name: f"{name}\n".encode() for name in hosts}
        assert logins(gateway) == (1, 1)
        shared = pool._gateways._known
        ((gone,),) = shared.values()
        assert gone.hop
        gone.hop.connection.client.close()  # the line to it breaks
        for host in hosts.values():
            pool.reconnect(host)
        assert logins(gateway) == (2, 2)
    assert gone.transport is None, "closed with the pool"


@pytest.mark.parametrize("wrong", ["key of ours", "key of its own"])
def test_what_a_jump_host_refuses_is_tried_once_and_told_of_each(
    wrong: str, sshd: Sshd, gateway: Sshd, tmp_path: Path
) -> None:
    """sshd counts failed logins, and connections that end without one: after a few it takes none (PerSourcePenalties)."""
    other = {"key": str(sshd.keys.folder / "user_other")} if wrong == "key of ours" else {}
    hosts = behind(sshd, gateway, **other)
    with pool_of(hosts, tmp_path, sshd.line() + gateway.line("ecdsa" if other else "other")) as pool:
        links = side_by_side(list(hosts), lambda name: pool.link(hosts[name]))
        for name, error in links.items():
            assert isinstance(error, HostError if other else HostKeyError)
            assert error.host == name
            assert error.message.startswith(f"{name}: ")
            assert ("authentication failed" if other else "has changed") in error.message
        assert len({str(error).partition(": ")[2] for error in links.values()}) == 1
    assert logins(gateway) == (1, 0)
    assert logins(sshd) == (0, 0)


def test_an_unsound_inventory_leaves_one_connection_without_a_login(sshd: Sshd, gateway: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(sshd.line() + gateway.line("ecdsa"))
    jump = f"{USER}@{ADDRESS}:{gateway.port}"
    (tmp_path / "inventory.yml").write_text(
        f"""defaults:
  ssh: {{user: {USER}, gateway: "{jump}", key: {sshd.keys.folder / "user"}}}
  gitlab_runner: {{concurrent: 0}}
hosts:
  "web-[1:{MANY}]": {{}}
"""
    )
    argv = [sys.executable, "-m", "runnerops", "diff"]
    completed = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "concurrent" in completed.stderr
    assert logins(gateway)[0] <= 1


def test_an_unknown_jump_host_is_asked_and_shown_once(sshd: Sshd, gateway: Sshd, tmp_path: Path) -> None:
    jump = f"{USER}@{ADDRESS}:{gateway.port}"
    (tmp_path / "inventory.yml").write_text(
        f"""defaults:
  ssh: {{user: {USER}, port: {sshd.port}, gateway: "{jump}", key: {sshd.keys.folder / "user"}}}
hosts:
  "web-[1:{MANY}]": {{docker: {{}}}}
"""
    )
    argv = [sys.executable, "-m", "runnerops", "trust", "web-*"]
    completed = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert completed.stderr.count(" offers:") == 1, completed.stderr
    assert logins(gateway) == (4, 0), "one that found it unknown, one for each kind of key"


def test_a_penalty_is_told_waited_for_and_asked_after_seldom(
    sshd: Sshd, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runnerops.ssh.connect._PENALTY_PAUSES", (0.01, 0.02))
    notes: list[str] = []
    access = Access(known_from(sshd.line()), Credentials.from_environ({}), {"HOME": str(home)}, say=notes.append)
    with refusing(b"Not allowed at this time\r\n") as (port, came), pytest.raises(HostError) as caught:
        open_link(sshd.host(port=port), access)
    assert "refuses connections from this address for some time" in caught.value.message
    assert "PerSourcePenalties" in caught.value.message
    assert "wait" in caught.value.hint
    assert len(came) == 3
    assert len(notes) == 1
    assert notes[0].startswith(f"web-1: {USER}@{ADDRESS}:{port} refuses connections from this address")
    monkeypatch.setattr("runnerops.ssh.connect._PAUSES", ())
    with refusing(b"You are \x1b[31mnot welcome\r\n") as (port, _), pytest.raises(HostError) as caught:
        sshd.open("", sshd.host(port=port))
    assert caught.value.message.endswith("before the SSH protocol begins (You are [31mnot welcome)")


@contextmanager
def refusing(line: bytes) -> Iterator[tuple[int, list[None]]]:
    """A port where each who comes gets this line, and no more; who came so far."""
    came: list[None] = []
    with socket.create_server((ADDRESS, 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    came.append(None)
                    with connection:
                        connection.sendall(line)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def test_a_hundred_at_once_with_max_startups_as_it_is_shipped(
    start_sshd: StartSshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses are longer where a login takes longer, because this machine is busy."""
    server = start_sshd("MaxStartups 10:30:100")
    began = time.monotonic()
    server.open().close()
    slow = max(1.0, (time.monotonic() - began) / 0.2)
    monkeypatch.setattr(runnerops.ssh.connect, "_PAUSES", [slow * pause for pause in runnerops.ssh.connect._PAUSES])
    monkeypatch.setattr(runnerops.ssh.connect, "_PATIENCE_SECONDS", slow * runnerops.ssh.connect._PATIENCE_SECONDS)
    monkeypatch.setattr("runnerops.ssh.route.CONNECT_SECONDS", int(15 * slow))
    with ThreadPoolExecutor(100) as threads:
        links = list(threads.map(lambda _: server.open(), range(100)))
    for link in links:
        link.close()
    assert server.log().count("Accepted publickey") == 101
