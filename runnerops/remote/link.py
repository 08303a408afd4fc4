"""An open connection: each call is one exec on Fabric's own transport, as root."""

from __future__ import annotations

import contextlib
import shlex
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from runnerops.errors import HostError, LinkLostError
from runnerops.model import Host

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import Channel, Transport

CONNECT_SECONDS = 15.0
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Completed:
    """What an exec gave."""

    status: int
    stdout: bytes
    stderr: bytes


class Link:
    """An open connection to one host. Each call is one exec: a single round trip for the channel, one for the answer."""

    def __init__(self, host: Host, connection: Connection, sudo: bool) -> None:
        self._host = host
        self._connection = connection
        self._sudo = sudo
        self.status = -1
        """The exit status of the last command that `lines` followed to its end."""

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """Run to the end. Raises LinkLostError, and HostError when `timeout` seconds pass without output."""
        with self._exec(command, stdin) as channel:
            channel.settimeout(timeout)
            stdout = b"".join(self._chunks(channel))
            stderr = b"".join(iter(lambda: channel.recv_stderr(_CHUNK), b""))
            status = self._end(channel)
        if status != 0 and self._sudo and not stdout:
            self._explain_sudo()
        return Completed(status, stdout, stderr)

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line as it comes, newlines included; silence may last. Raises LinkLostError."""
        self.status = -1
        with self._exec(command, stdin) as channel:
            rest = b""
            for chunk in self._chunks(channel):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in whole)
            if rest:
                yield rest
            self.status = self._end(channel)

    def close(self) -> None:
        """Close, gateways too."""
        close_all(self._connection)

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextlib.contextmanager
    def _exec(self, command: Sequence[str], stdin: bytes) -> Iterator[Channel]:
        from paramiko import SSHException  # noqa: PLC0415

        try:
            channel = transport_of(self._connection).open_session(timeout=CONNECT_SECONDS)
            channel.exec_command(shlex.join((*(("sudo", "-n") if self._sudo else ()), *command)))
            with contextlib.suppress(socket.error):  # a command that ends early reads no more; its status tells why
                channel.sendall(stdin)
            channel.shutdown_write()
        except (SSHException, EOFError, OSError) as error:
            raise self._lost() from error
        try:
            yield channel
        except TimeoutError:
            raise HostError(self._host.name, "no answer in time", "see what the host is busy with") from None
        finally:
            channel.close()

    def _chunks(self, channel: Channel) -> Iterator[bytes]:
        while chunk := channel.recv(_CHUNK):
            yield chunk

    def _end(self, channel: Channel) -> int:
        """The exit status. A connection that broke gives an end of the output too, but no status."""
        status = channel.recv_exit_status()
        if status == -1:
            raise self._lost()
        return status

    def _lost(self) -> LinkLostError:
        return LinkLostError(self._host.name, "the connection was lost", "see whether the host is up, then try again")

    def _explain_sudo(self) -> None:
        with self._exec(("true",), b"") as channel:
            channel.settimeout(CONNECT_SECONDS)
            list(self._chunks(channel))
            works = self._end(channel) == 0
        if not works:
            user = self._connection.user
            line = f"`{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d/{user}"
            hint = f"give {user} sudo without a password ({line}), or set ssh.user to root"
            raise HostError(self._host.name, f"user {user} cannot become root with `sudo -n`", hint)


def transport_of(connection: Connection) -> Transport:
    """The transport of an open connection; EOFError where it is gone."""
    transport: Transport | None = connection.client.get_transport()
    if transport is None:
        raise EOFError
    return transport


def close_all(connection: Connection) -> None:
    """Closes a connection and its gateways, which Fabric leaves open."""
    hop: Any = connection
    while hop is not None and not isinstance(hop, str):
        with contextlib.suppress(OSError, EOFError):
            hop.close()
        hop = hop.gateway
