"""An SSH server in this process, on a free loopback port. It runs commands in the scratch directory. It accepts one
key, has a new host key, forwards nothing, and has no interactive shell.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

ADDRESS = "127.0.0.1"
_CHUNK = 65536


class Server:
    """The server. It listens until it is closed."""

    def __init__(self, environ: Mapping[str, str], folder: Path, guest: paramiko.PKey) -> None:
        # a client that disconnects is not worth a message
        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        self._environ = environ
        self._folder = folder
        self._guest = guest
        self._key = paramiko.ECDSAKey.generate()
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server((ADDRESS, 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def known_hosts(self) -> str:
        """The known_hosts line with the host key."""
        return f"[{ADDRESS}]:{self.port} {self._key.get_name()} {self._key.get_base64()}\n"

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for transport in self._transports:
            transport.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = _Connection(connection)
            transport.add_server_key(self._key)
            self._transports = [transport for transport in self._transports if transport.is_active()] + [transport]
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(threading.Event(), _Guests(self._guest, self._run))

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        """Runs a command to its end, and copies its three streams at the same time."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=dict(self._environ),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin
        assert process.stdout
        assert process.stderr
        with process.stdout, process.stderr, contextlib.suppress(OSError, EOFError):
            _aside(_feed, channel, process.stdin)
            errors = _aside(_pump, process.stderr.fileno(), channel.sendall_stderr)
            _pump(process.stdout.fileno(), channel.sendall)
            errors.join()
            channel.send_exit_status(process.wait())
        with contextlib.suppress(OSError, EOFError):  # the client may have disconnected
            channel.close()


class _Guests(paramiko.ServerInterface):
    """Accepts the one key, for any user name, and runs commands."""

    def __init__(self, guest: paramiko.PKey, run: Callable[[paramiko.Channel, str], None]) -> None:
        self._guest = guest
        self._run = run
        self._accepted: list[tuple[paramiko.Channel, str]] = []

    def start_accepted(self) -> None:
        """Starts the commands whose requests have been accepted."""
        while self._accepted:
            _aside(self._run, *self._accepted.pop())

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        """Allows only keys."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        """Accepts the one key."""
        return AUTH_SUCCESSFUL if key.asbytes() == self._guest.asbytes() else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        """Allows only sessions."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """The command starts after this answer has been sent (`_Connection`)."""
        self._accepted.append((channel, command.decode()))
        return True


def _answer(channel: paramiko.Channel, message: paramiko.Message) -> None:
    """Answers a request, and then starts the command that was requested, if it was one."""
    inner: Any = channel  # the type stubs have only the public methods
    inner._handle_request(message)
    inner.transport.server_object.start_accepted()


class _Connection(paramiko.Transport):
    """A connection that starts a command only after its request has been answered. If the command started within
    `check_channel_exec_request`, it could end before paramiko has sent the answer, and the client would take the closed
    session for a server that runs no commands.
    """

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        inner: Any = self
        inner._channel_handler_table = {**inner._channel_handler_table, MSG_CHANNEL_REQUEST: _answer}


def _aside(work: Callable[..., object], *values: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=values, daemon=True)
    thread.start()
    return thread


def _feed(channel: paramiko.Channel, stdin: IO[bytes]) -> None:
    """Writes the input. That a program does not read all of it is no error."""
    with contextlib.suppress(OSError), stdin:
        while chunk := channel.recv(_CHUNK):
            stdin.write(chunk)
            stdin.flush()


def _pump(source: int, send: Callable[[bytes], object]) -> None:
    while chunk := os.read(source, _CHUNK):
        send(chunk)


def make_key(place: Path) -> paramiko.PKey:
    """Writes a new private key to a file (0600)."""
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(place))
    return key
