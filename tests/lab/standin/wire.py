"""Plain HTTP/1.0 over sockets, asked and answered: the standard library's modules for it take longer to load than all else.

A lab starts this program thousands of times.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

WHY = {200: "OK", 404: "Not Found"}


def ask(method: str, url: str, content: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """Status and body of the answer. OSError or ValueError when there is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"no URL: {url}")
    about = {"Host": parts.netloc, **headers, "Content-Length": str(len(content)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in about.items())
    line = socket.create_connection((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), seconds)
    if parts.scheme == "https":
        import ssl

        line = ssl.create_default_context().wrap_socket(line, server_hostname=parts.hostname)
    with line:
        line.sendall(f"{method} {parts.path or '/'} HTTP/1.0\r\n{head}\r\n".encode() + content)
        with line.makefile("rb") as told:
            answer = told.read()
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split(None, 2)[1]), body


def listen(host: str, port: int, page: Callable[[str], str | None]) -> None:
    """Answer GETs from now on with `page(path)`, each in a thread of its own; 404 where that is None. OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.create_server((host, port), family=family, backlog=16)

    def serve() -> None:
        while True:
            line, _ = server.accept()
            threading.Thread(target=answer, args=(line, page), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def answer(line: socket.socket, page: Callable[[str], str | None]) -> None:
    """Read one request to the end of its head; answer, hang up."""
    line.settimeout(10)
    try:
        with line, line.makefile("rb") as told:
            first = told.readline().split()
            while told.readline().strip():
                pass
            text = page(first[1].decode()) if len(first) > 1 else None
            status = 404 if text is None else 200
            head = f"HTTP/1.0 {status} {WHY[status]}\r\nContent-Type: text/plain\r\n\r\n"
            line.sendall((head + (text if text is not None else "404 page not found\n")).encode())
    except OSError:
        return  # whoever asked is gone
