"""A door before the hub that asks for a login, as Docker Hub does: a token for user and password, else 401."""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.lab.hub import Hub

REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags)/")
HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server", "host", "authorization"})


class Quiet(ThreadingHTTPServer):
    """A client that hangs up is no news."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """In silence."""


class Door:
    """Lets in whoever has a token of its own realm, which it gives for `user` and `password`. `url` has no slash at its end."""

    def __init__(self, hub: Hub, user: str, password: str) -> None:
        self._hub = hub
        self._token = secrets.token_hex(16)
        self.login = f"{user}:{password}"
        self._server = Quiet((hub.address, 0), self._handler())
        self.url = f"http://{hub.address}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Door:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Tokens given so far hold no more."""
        self._token = secrets.token_hex(16)

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, str], bytes] | None:
        """What the door says by itself; None where the request may pass."""
        if path.startswith("/token"):
            kind, _, text = authorization.partition(" ")
            if kind.lower() == "basic" and base64.b64decode(text).decode() == self.login:
                return 200, {"Content-Type": "application/json"}, json.dumps({"token": self._token}).encode()
            return 401, {"Content-Type": "application/json"}, b'{"details":"incorrect username or password"}'
        if authorization == f"Bearer {self._token}":
            return None
        match = REPOSITORY.match(path)
        scope = f',scope="repository:{match[1]}:pull"' if match else ""
        challenge = f'Bearer realm="{self.url}/token",service="hub"{scope}'
        refusal = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        headers = {"WWW-Authenticate": challenge, "Docker-Distribution-Api-Version": "registry/2.0"}
        return 401, {"Content-Type": "application/json", **headers}, json.dumps(refusal).encode()

    def fetch(self, method: str, path: str, headers: list[tuple[str, str]]) -> tuple[int, dict[str, str], bytes]:
        """The hub's own answer. `Accept` comes more than once."""
        hub = http.client.HTTPConnection(self._hub.address, self._hub.port, timeout=10)
        try:
            hub.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in HOP:
                    hub.putheader(name, value)
            hub.endheaders()
            response = hub.getresponse()
            body = response.read()
            answer_headers = {k: v for k, v in response.getheaders() if k.lower() not in HOP}
            return (
                response.status,
                {**answer_headers, "Content-Length": response.headers.get("Content-Length", str(len(body)))},
                body,
            )
        except OSError:
            return 502, {"Content-Length": "0"}, b""
        finally:
            hub.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """The door's word, or what is behind it."""
                status, headers, body = door.answer(self.path, self.headers.get("Authorization", "")) or door.fetch(
                    self.command, self.path, self.headers.items()
                )
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """In silence."""

        return Handler
