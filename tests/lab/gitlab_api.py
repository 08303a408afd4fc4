"""HTTP in front of the stand-in for GitLab: requests in, answers out; knows nothing of jobs."""

from __future__ import annotations

import contextlib
import http.server
import json
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

OWN = -1
"""The status of an answer that a test puts in to leave the stand-in's own as it is, or to have it come late."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status (0: the connection is cut off instead), and a body: JSON, or text as it is."""

    status: int
    body: dict[str, Any] | list[dict[str, Any]] | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    instead_of: Answer | None = None
    """Of an answer that a test has put in: the stand-in's own, unless nothing was carried out."""
    late_s: float = 0.0
    """Seconds that go by before it is sent."""

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what the stand-in answers of its own accord (status 0: nothing)."""

    method: str
    path: str
    query: dict[str, str]
    sent: dict[str, Any]
    status: int
    answered: Any


SEEN: list[Callable[[Exchange], None]] = []
"""Who is told of each exchange with any stand-in."""


Respond: TypeAlias = Callable[[str, str, dict[str, Any], str, dict[str, str]], Answer]
"""Method, path, parameters (of the query and the JSON body), body as text, headers in lower case -> what is answered."""


def exchanged(respond: Respond, method: str, target: str, text: str, headers: Mapping[str, str]) -> Answer:
    """What is answered to one request, of which SEEN are told. `target` is the path with the query, `text` the body."""
    path, _, query = target.partition("?")
    parameters, sent = dict(parse_qsl(query)), tree_of(text)
    answer = respond(
        method, path, {**parameters, **sent}, text, {name.lower(): value for name, value in headers.items()}
    )
    own_answer = answer.instead_of or answer
    for tell in SEEN:
        tell(Exchange(method, path, parameters, sent, own_answer.status, own_answer.body))
    return answer


@contextmanager
def serve(address: str, respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer requests on a free port of the address, in threads; its URL. With `tls` it is an https one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else the body waits 40 ms until the client has told of the header

        def do_any(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
            answer = exchanged(respond, self.command, self.path, text, dict(self.headers.items()))
            time.sleep(answer.late_s)
            if not answer.status:  # cut off: what was asked for is done, and nobody is told
                self.close_connection = True
                return
            content = answer.content
            self.send_response(answer.status)
            if not isinstance(answer.body, str):
                self.send_header("Content-Type", "application/json")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815 — the base class calls them so

        def log_message(self, *_: object) -> None:
            """Silent."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A host that lost its power says no good-bye."""

    server = Server((address, 0), Handler)
    server.socket.settimeout(
        1
    )  # a client may be gone between select and accept, which would wait for the next for ever
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    end, ended = socket.socketpair()
    thread = threading.Thread(target=_answer_until, args=(ended, server), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://{address}:{server.server_port}"
    finally:
        end.close()
        thread.join()
        ended.close()
        server.server_close()


def _answer_until(ended: socket.socket, server: http.server.HTTPServer) -> None:
    """`serve_forever` would look fifty times a second whether it is to end, in each lab for as long as that is open."""
    with selectors.DefaultSelector() as ready:
        for source in (server, ended):
            ready.register(source, selectors.EVENT_READ)
        while all(key.fileobj is server for key, _ in ready.select()):
            with contextlib.suppress(OSError):  # the client is gone already
                server.process_request(*server.get_request())


def tree_of(text: str) -> dict[str, Any]:
    """The JSON object of a body; empty when it is none."""
    try:
        tree = json.loads(text)
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}
