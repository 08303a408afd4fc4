"""The proxy: delay, cut, freeze. Loopback only, no lab needed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab.proxy import Proxy


@pytest.fixture(name="echo")
def fixture_echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        while got := connection.recv(65536):
                            connection.sendall(got)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_bytes_arrive_late_by_the_delay_each_way(echo: int) -> None:
    with Proxy("127.0.0.1", echo, delay=0.05) as proxy, connect(proxy) as near:
        start = time.monotonic()
        near.sendall(b"ping")
        assert near.recv(10) == b"ping"
        assert 0.1 <= time.monotonic() - start < 0.5
        assert proxy.bytes == 8


def test_the_delay_is_latency_and_no_brake(echo: int) -> None:
    with Proxy("127.0.0.1", echo, delay=0.05) as proxy, connect(proxy) as near:
        sent = bytes(range(256)) * 8192
        start = time.monotonic()
        threading.Thread(target=near.sendall, args=(sent,), daemon=True).start()
        got = b""
        while len(got) < len(sent):
            got += near.recv(65536)
        assert got == sent
        assert time.monotonic() - start < 1.5


def test_cut_resets_and_refuses_and_restore_takes_the_same_port(echo: int) -> None:
    with Proxy("127.0.0.1", echo) as proxy:
        with connect(proxy) as near:
            near.sendall(b"ping")
            assert near.recv(10) == b"ping"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                near.recv(10)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        proxy.restore()
        with connect(proxy) as near:
            near.sendall(b"ping")
            assert near.recv(10) == b"ping"


def test_a_frozen_connection_passes_nothing_until_it_is_restored(echo: int) -> None:
    with Proxy("127.0.0.1", echo) as proxy, connect(proxy) as near:
        proxy.freeze()
        near.sendall(b"ping")
        near.settimeout(0.3)
        with pytest.raises(TimeoutError):
            near.recv(10)
        proxy.restore()
        near.settimeout(5)
        assert near.recv(10) == b"ping"


def test_a_target_that_refuses_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Proxy("127.0.0.1", port) as proxy, pytest.raises(ConnectionResetError), connect(proxy) as near:
        near.recv(1)
