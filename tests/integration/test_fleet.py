"""Many hosts side by side, some of which hang, refuse or break off: each is told right, and nobody waits for them for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path

import pytest

from runnerops.engine.connections import ConnectionPool
from runnerops.engine.scheduling import side_by_side
from runnerops.errors import HostError
from runnerops.model.inventory import Host, Inventory, Ssh
from runnerops.report.screen import Screen
from tests.integration.conftest import StartSshd
from tests.integration.sshd import USER, Sshd

GOOD, BAD = 24, 3


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


def closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("", 0))
        return int(trial.getsockname()[1])


def fleet(server: Sshd, ports: dict[str, int]) -> list[Host]:
    """Each host has an address of its own on loopback."""
    key = str(server.keys.folder / "user")
    names = [*(f"good-{n}" for n in range(GOOD)), *(f"{kind}-{n}" for kind in ports for n in range(BAD))]
    ssh = {name: Ssh(USER, ports.get(name.rpartition("-")[0], server.port), key, sudo=False) for name in names}
    return [Host(name, f"127.1.0.{place + 1}", ssh=ssh[name]) for place, name in enumerate(sorted(names))]


PROBLEMS = {
    "silent": "no answer within 6 s",
    "greets": "no answer within 6 s",
    "closed": "connection refused",
    "breaks": "closes connections before it names itself",
    "hangs-up": "it broke the connection off before a login",
}


def test_bad_hosts_among_many_are_told_right_and_hold_up_nobody(
    start_sshd: StartSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runnerops.remote.route.CONNECT_SECONDS", 6)
    monkeypatch.setattr("runnerops.remote.ssh._PAUSES", (0.1, 0.2))
    server = start_sshd("MaxStartups 200", "ListenAddress 0.0.0.0")
    with ExitStack() as stack:
        ports = {
            "silent": stack.enter_context(playing(hangs=True)),
            "greets": stack.enter_context(playing(b"SSH-2.0-OpenSSH_9.9\r\n", hangs=True)),
            "closed": closed_port(),
            "breaks": stack.enter_context(playing(hangs=False)),
            "hangs-up": stack.enter_context(playing(b"SSH-2.0-OpenSSH_9.9\r\n", hangs=False)),
        }
        hosts = fleet(server, ports)
        lines = [server.line(name=f"[{host.address}]:{server.port}") for host in hosts]
        (tmp_path / "known_hosts").write_text("".join(lines))
        pool = stack.enter_context(
            ConnectionPool(
                Inventory("inventory.yml", tuple(hosts), {}, tmp_path),
                {"HOME": str(tmp_path)},
                Screen(out=StringIO(), err=StringIO()),
            )
        )
        by_name = {host.name: host for host in hosts}
        began = time.monotonic()
        found = side_by_side(list(by_name), lambda name: pool.link(by_name[name]).run(["echo", name], b"", 30).stdout)
        took = time.monotonic() - began
    wrong = {
        name: result
        for name, result in found.items()
        if (
            result != f"{name}\n".encode()
            if name.startswith("good")
            else not isinstance(result, HostError) or PROBLEMS[name.rpartition("-")[0]] not in result.message
        )
    }
    assert not wrong
    kinds = Counter(type(result).__name__ for result in found.values())
    assert kinds == {"bytes": GOOD, "HostError": BAD * len(ports)}
    assert took < 60, "nobody waits for ever"
