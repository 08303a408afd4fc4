"""Ports that behave as hosts that are no use: they close, say something and are silent, or do not listen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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
                with suppress(OSError):
                    for piece in pieces:
                        connection.sendall(piece)
                if hangs:
                    held.append(connection)
                else:
                    connection.close()

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            serving.join()
            for connection in held:
                connection.close()


def closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("", 0))
        return int(trial.getsockname()[1])
