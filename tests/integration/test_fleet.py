"""Many hosts side by side, some of which hang, refuse or break off. Each error is reported, and no host waits for them
for ever.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import StringIO
from pathlib import Path

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from runnerops.demo.server import make_key
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.scheduling import side_by_side
from runnerops.errors import HostError
from runnerops.model.inventory import Host, Inventory, Ssh
from runnerops.remote.hostkeys import HostKey
from runnerops.report.screen import Screen
from tests.integration.sshd import USER

HOSTS = {"good": 470, "silent": 5, "greets": 5, "closed": 10, "breaks": 5, "hangs-up": 5}
"""Ten hang, ten refuse, ten break off: of each kind at two places of the handshake, if there are two."""


@contextmanager
def playing(*pieces: bytes, hangs: bool) -> Iterator[int]:
    """A port where somebody accepts connections, says this, and then is silent or closes them."""
    held: list[socket.socket] = []
    with socket.create_server(("", 0), backlog=64) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                for piece in pieces:
                    connection.sendall(piece)
                if hangs:
                    held.append(connection)
                else:
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in held:
                connection.close()


class Played(paramiko.ServerInterface):
    """A host that lets everybody in, and answers each command with its words behind the first."""

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        return AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._answer, args=(channel, command.partition(b" ")[2]), daemon=True).start()
        return True

    @staticmethod
    def _answer(channel: paramiko.Channel, text: bytes) -> None:
        channel.recv(1)  # the end of the input, which the client sends once it was told that the command runs
        channel.sendall(text + b"\n")
        channel.send_exit_status(0)
        with suppress(EOFError, OSError):  # whoever has the status may go at once
            channel.close()


@contextmanager
def hosts_that_answer(key: paramiko.PKey) -> Iterator[int]:
    """A port at which each connection is one to a host of its own."""
    with socket.create_server(("", 0), backlog=512) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    transport = paramiko.Transport(server.accept()[0])
                    transport.add_server_key(key)
                    transport.start_server(event=threading.Event(), server=Played())

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("", 0))
        return int(trial.getsockname()[1])


def fleet(ports: dict[str, int], key: Path) -> list[Host]:
    """Each host has an address of its own on loopback."""
    names = sorted(f"{kind}-{n}" for kind in ports for n in range(HOSTS[kind]))
    ssh = {name: Ssh(USER, ports[name.rpartition("-")[0]], str(key), sudo=False) for name in names}
    return [Host(name, f"127.1.{at // 250}.{at % 250 + 1}", ssh=ssh[name]) for at, name in enumerate(names)]


PROBLEMS = {
    "silent": "no answer within 8 s",
    "greets": "no answer within 8 s",
    "closed": "connection refused",
    "breaks": "closes connections before the SSH protocol begins",
    "hangs-up": "it closed the connection before a login",
}


def test_bad_hosts_among_500_are_told_right_and_hold_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runnerops.remote.route.CONNECT_SECONDS", 8)
    monkeypatch.setattr("runnerops.remote.ssh._PAUSES", (0.1, 0.2))
    host_key = make_key(tmp_path / "host_key")
    make_key(tmp_path / "user")
    with ExitStack() as stack:
        ports = {
            "good": stack.enter_context(hosts_that_answer(host_key)),
            "silent": stack.enter_context(playing(hangs=True)),
            "greets": stack.enter_context(playing(b"SSH-2.0-OpenSSH_9.9\r\n", hangs=True)),
            "closed": closed_port(),
            "breaks": stack.enter_context(playing(hangs=False)),
            "hangs-up": stack.enter_context(playing(b"SSH-2.0-OpenSSH_9.9\r\n", hangs=False)),
        }
        hosts = {host.name: host for host in fleet(ports, tmp_path / "user")}
        line = HostKey(host_key.get_name(), host_key.asbytes()).line(f"[127.1.*]:{ports['good']}")
        (tmp_path / "known_hosts").write_text(f"{line}\n")
        known = Inventory("inventory.yml", tuple(hosts.values()), {}, tmp_path)
        screen = Screen(out=StringIO(), err=StringIO())
        pool = stack.enter_context(ConnectionPool(known, {"HOME": str(tmp_path)}, screen))

        def ask(name: str) -> bytes:
            with pool.link(hosts[name]) as link:
                return link.run(["echo", name], b"", 60).stdout

        began = time.monotonic()
        found = side_by_side(list(hosts), ask)
        took = time.monotonic() - began
    wrong = {name: result for name, result in found.items() if not _is_right(name, result)}
    assert not wrong
    kinds = Counter(type(result).__name__ for result in found.values())
    assert kinds == {"bytes": HOSTS["good"], "HostError": sum(HOSTS.values()) - HOSTS["good"]}
    assert took < 120, "nobody waits for ever"


def _is_right(name: str, result: bytes | Exception) -> bool:
    if name.startswith("good"):
        return result == f"{name}\n".encode()
    return isinstance(result, HostError) and PROBLEMS[name.rpartition("-")[0]] in result.message
