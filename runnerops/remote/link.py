"""An open connection: each call is one exec on Fabric's own transport, as root.

A call takes two round trips, one for the channel and one for the exec, and one more where there is standard input: sshd
takes none before the exec.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from runnerops.errors import HostError, LinkLostError
from runnerops.model.inventory import Host

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import Channel

CHANNEL_SECONDS = 15.0
QUIET_SECONDS = 60.0
"""After this long without output a followed command's connection is tried: a gateway may hide that the line is dead."""
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Completed:
    """What an exec gave."""

    status: int
    stdout: bytes
    stderr: bytes


class Link:
    """An open connection to one host, for one thread. Standard input and both outputs flow at the same time, at any size."""

    def __init__(self, host: Host, connection: Connection, sudo: bool) -> None:
        self._host = host
        self._connection = connection
        self._sudo = sudo
        self.status = -1
        """The exit status of the last command that `lines` followed to its end."""

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """Run to the end. Raises LinkLostError, and HostError when it takes longer than `timeout` seconds.

        Then the command may live on there.
        """
        ends = time.monotonic() + timeout
        with self._exec(command, stdin) as (channel, errors):
            stdout = b"".join(self._chunks(channel, ends))
            status = self._end(channel)
        if status != 0 and self._sudo and not stdout:
            self._explain_sudo()
        return Completed(status, stdout, b"".join(errors))

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line as it comes, newlines included; silence may last. Raises LinkLostError."""
        self.status = -1
        with self._exec(command, stdin) as (channel, _):
            rest = b""
            for chunk in self._chunks(channel, None):
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
    def _exec(self, command: Sequence[str], stdin: bytes) -> Iterator[tuple[Channel, list[bytes]]]:
        """The channel to read from, and what is read from its standard error meanwhile."""
        channel = self._open()
        errors: list[bytes] = []
        try:
            self._start(channel, shlex.join((*(("sudo", "-n") if self._sudo else ()), *command)))
            with _aside(lambda: _feed(channel, stdin)), _aside(lambda: _drain(channel, errors)):
                try:
                    yield channel, errors
                except BaseException:
                    channel.close()  # or both would go on
                    raise
        finally:
            channel.close()

    def _open(self) -> Channel:
        from paramiko import ChannelException, SSHException  # noqa: PLC0415

        try:
            return self._connection.client.get_transport().open_session(timeout=CHANNEL_SECONDS)  # type: ignore[no-any-return]
        except ChannelException as error:
            raise HostError(self._host.name, f"it opens no session: {error.text}", "see MaxSessions there") from None
        except (SSHException, EOFError, OSError, AttributeError) as error:  # no transport: closed
            raise self._lost() from error

    def _start(self, channel: Channel, line: str) -> None:
        from paramiko import SSHException  # noqa: PLC0415

        try:
            channel.exec_command(line)
        except (SSHException, EOFError, OSError) as error:
            if self._alive():
                raise HostError(self._host.name, "it runs no commands", "see ForceCommand there") from None
            raise self._lost() from error

    def _chunks(self, channel: Channel, ends: float | None) -> Iterator[bytes]:
        """The output until its end. Where it need not end, silence is asked about."""
        while True:
            channel.settimeout(QUIET_SECONDS if ends is None else max(0.001, ends - time.monotonic()))
            try:
                chunk = channel.recv(_CHUNK)
            except TimeoutError:
                if ends is not None:
                    raise HostError(self._host.name, "no answer in time", "see what the host is busy with") from None
                self._open().close()
                continue
            if not chunk:
                return
            yield chunk

    def _end(self, channel: Channel) -> int:
        """The exit status. A connection that broke gives an end of the output too, but no status; so does a signal."""
        status = channel.recv_exit_status()
        if status != -1:
            return status
        if self._alive():
            raise LinkLostError(self._host.name, "the command was ended by a signal there", "see the host's journal")
        raise self._lost()

    def _alive(self) -> bool:
        transport = self._connection.client.get_transport()
        return transport is not None and transport.is_active()

    def _lost(self) -> LinkLostError:
        return LinkLostError(self._host.name, "the connection was lost", "see whether the host is up, then try again")

    def _explain_sudo(self) -> None:
        with self._exec(("true",), b"") as (channel, _):
            list(self._chunks(channel, time.monotonic() + CHANNEL_SECONDS))
            works = self._end(channel) == 0
        if not works:
            user = self._connection.user
            line = f"`{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d/{user}"
            hint = f"give {user} sudo without a password ({line}), or set ssh.user to root"
            raise HostError(self._host.name, f"user {user} cannot become root with `sudo -n`", hint, "refused")


@contextlib.contextmanager
def _aside(work: Callable[[], None]) -> Iterator[None]:
    """Does it in a thread meanwhile; what it waits for ends with the channel."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join()


def _feed(channel: Channel, stdin: bytes) -> None:
    rest = memoryview(stdin)
    with contextlib.suppress(OSError):  # the channel is closed; what became of the command, its status tells
        while rest:
            with contextlib.suppress(TimeoutError):  # the time limit is the reader's, who closes the channel
                rest = rest[channel.send(bytes(rest[:_CHUNK])) :]
        channel.shutdown_write()


def _drain(channel: Channel, errors: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        errors.extend(iter(lambda: channel.recv_stderr(_CHUNK), b""))


def close_all(connection: Connection) -> None:
    """Closes a connection and its gateways, which Fabric leaves open; one that got no further than its host key too."""
    hop: Any = connection
    while hop is not None and not isinstance(hop, str):
        with contextlib.suppress(OSError, EOFError):
            hop.client.close()
        hop = hop.gateway
