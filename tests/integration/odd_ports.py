"""Ports that behave as hosts that are no use: they close, say something and are silent, or do not listen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def accepting(take: Callable[[socket.socket], None], backlog: int = 64) -> Iterator[int]:
    """A port on all addresses of this machine. Each connection to it is passed to `take`, one after another."""
    with socket.create_server(("", 0), backlog=backlog) as server:

        def serve() -> None:
            with suppress(OSError):  # the server is shut down
                while True:
                    take(server.accept()[0])

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            serving.join()


@contextmanager
def playing(*pieces: bytes, hangs: bool) -> Iterator[int]:
    """A port where somebody accepts connections, says this, and then is silent or closes them."""
    held: list[socket.socket] = []

    def take(connection: socket.socket) -> None:
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        if hangs:
            held.append(connection)
        else:
            connection.close()

    try:
        with accepting(take) as port:
            yield port
    finally:
        for connection in held:
            connection.close()


def closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("", 0))
        return int(trial.getsockname()[1])
