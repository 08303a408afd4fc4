"""Real sshds under the conditions of large fleets: connections that end during the handshake, and changed keys of jump
hosts.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from runnerops.errors import HostError, HostKeyError
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Sshd


@contextmanager
def cutting(server: Sshd, after: int) -> Iterator[tuple[int, list[int]]]:
    """A port before the server that ends each connection once so many bytes came from there; how many came so far."""
    came = [0]
    ends: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def pipe(source: socket.socket, target: socket.socket, limit: int) -> None:
        with suppress(OSError):
            while limit > 0 and (data := source.recv(min(4096, limit))):
                limit -= len(data)
                came[0] += len(data) if source in ends[1::2] else 0
                target.sendall(data)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.create_connection((ADDRESS, server.port))
                ends.extend((near, far))
                for there, back, limit in ((near, far, 1 << 30), (far, near, after)):
                    threads.append(threading.Thread(target=pipe, args=(there, back, limit)))
                    threads[-1].start()

    with socket.create_server((ADDRESS, 0)) as listener:
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()
            for end in ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for end in ends:
                end.close()


def test_an_end_anywhere_in_the_handshake_is_reported_as_one(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off after so many bytes of sshd's: in its name, in what it can do, in its key, in its answer to ours."""
    monkeypatch.setattr("runnerops.ssh.connect._PAUSES", (0.01,))

    def ask(port: int) -> None:
        with sshd.open(sshd.line(name="web-1"), sshd.host(port=port)) as link:
            link.run(["true"], b"", 20)

    with cutting(sshd, 1 << 30) as (port, came):
        ask(port)
        whole = came[0]
    assert whole > 1000
    for after in (0, 5, 30, *range(200, whole - 200, max(1, whole // 10))):
        with cutting(sshd, after) as (port, _), pytest.raises(HostError) as caught:
            ask(port)
        assert caught.value.message.startswith("web-1: "), after
        assert caught.value.hint, after


@pytest.mark.parametrize("when", ["after the login", "after it was looked at"])
def test_an_end_right_after_the_login_is_reported_as_one(
    when: str, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a key that is not enough, nor as a bug."""

    def connect(opened: Any, _: object) -> None:
        opened()
        opened.__self__.client.get_transport().close()

    def fails(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    if when == "after the login":
        monkeypatch.setattr("runnerops.ssh.connect.retry_connect", connect)
    else:
        monkeypatch.setattr("runnerops.ssh.connect._keep_alive", fails)
    with pytest.raises(HostError, match="it closed the connection right after the login"):
        sshd.open(sshd.line())


@pytest.mark.parametrize("changed", ["gateway", "host"])
def test_a_changed_key_of_the_host_or_of_its_jump_host_ends_it_there(changed: str, start_sshd: StartSshd) -> None:
    gateway, server = start_sshd(kinds=("ecdsa",)), start_sshd(kinds=("ed25519",))
    behind = server.host(gateway=f"{USER}@{ADDRESS}:{gateway.port}")
    right = {"gateway": gateway.line("ecdsa"), "host": server.line("ed25519")}
    server.open("".join(right.values()), behind).close()
    another = {"gateway": gateway.line("rsa"), "host": server.line("rsa")}
    reached = server.log().count("Connection from")
    with pytest.raises(HostKeyError, match="has changed") as caught:
        server.open("".join({**right, changed: another[changed]}.values()), behind)
    assert ("gateway" in caught.value.message) is (changed == "gateway")
    if changed == "gateway":
        assert server.log().count("Connection from") == reached, "nobody came to the host"
