"""An open connection. Each call is one exec as root on Fabric's own transport.

A call takes two round trips: one for the channel, and one for the exec. OpenSSH receives the standard input with the
exec (`ahead.py`), and its first call takes one round trip only, because the channel is opened during the login. With
other servers, input takes one more round trip.
"""

from __future__ import annotations

import contextlib
import itertools
import shlex
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from runnerops.errors import HostError, LinkLostError
from runnerops.frozen import frozen
from runnerops.model.inventory import Host
from runnerops.ssh.call import CHUNK, Call
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.root import Entry, Root, WrongPasswordError

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import Channel

CHANNEL_SECONDS = 15.0
QUIET_SECONDS = 60.0
"""After this time without output, the connection of a followed command is tested, because a gateway may hide that it is
dead. If ssh_config has ServerAliveInterval or ServerAliveCountMax, their product is used instead.
"""


@frozen
class Completed:
    """The result of an exec."""

    status: int
    stdout: bytes
    stderr: bytes


class Link:
    """An open connection to one host, for one thread. Input and both outputs flow at the same time, at any size."""

    def __init__(
        self,
        host: Host,
        connection: Connection,
        root: Root | None,
        quiet_s: float = QUIET_SECONDS,
        gateways: Gateways | None = None,
    ) -> None:
        """If `root` is None, commands run as the user who logs in. After `quiet_s` of silence, a followed command is
        tested.

        `gateways` are closed with this connection.
        """
        self._gateways = gateways
        self._quiet_s = quiet_s
        self._host = host
        self._connection = connection
        self._root = root
        self.status = -1
        """The exit status of the last command that `lines` followed to its end."""

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """Runs a command to its end. Raises LinkLostError, and HostError if it takes longer than `timeout` seconds.

        After a timeout the command may continue on the host.
        """
        ends = time.monotonic() + timeout
        with self._exec(command, stdin) as call:
            stdout = call.lead + b"".join(self._chunks(call.channel, ends))
            status = self._end(call.channel)
        if status != 0 and self._root and not self._root.asks and not stdout:
            self._explain(self._root)
        return Completed(status, stdout, call.errors())

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line as it arrives, with newlines. There may be long silences. Raises LinkLostError."""
        self.status = -1
        with self._exec(command, stdin) as call:
            rest = b""
            for chunk in itertools.chain((call.lead,), self._chunks(call.channel, None)):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in lines)
            if rest:
                yield rest
            self.status = self._end(call.channel)

    def close(self) -> None:
        """Closes the connection, and the gateways that no other host uses."""
        close(self._connection, self._gateways)

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextlib.contextmanager
    def _exec(self, command: Sequence[str], stdin: bytes) -> Iterator[Call]:
        """Runs the command, as root if required, and sends its input."""
        call = self._begin(command, stdin)
        try:
            with call.feeding():
                try:
                    yield call
                    call.listener.join()
                except BaseException:
                    call.channel.close()  # otherwise the threads would not end
                    raise
        finally:
            call.channel.close()

    def _begin(self, command: Sequence[str], stdin: bytes) -> Call:
        argv = self._root.argv(command) if self._root else tuple(command)
        channel = self._open()
        call = Call(channel, stdin, Entry(self._root, channel) if self._root and self._root.asks else None)
        try:
            self._start(call, shlex.join(argv))
            call.listener.start()
            call.enter()
        except WrongPasswordError:
            channel.close()
            return self._begin(command, stdin)
        except BaseException as error:
            channel.close()
            if isinstance(error, OSError) or (isinstance(error, HostError) and not self._alive()):
                raise self._lost() from error
            raise
        return call

    def _open(self) -> Channel:
        from paramiko import ChannelException, SSHException  # noqa: PLC0415

        try:
            return self._connection.client.get_transport().open_session(timeout=CHANNEL_SECONDS)  # type: ignore[no-any-return]
        except ChannelException as error:
            raise HostError(
                self._host.name, f"it does not open a session: {error.text}", "check MaxSessions in its sshd_config"
            ) from None
        except (SSHException, EOFError, OSError, AttributeError) as error:  # no transport: the connection is closed
            raise self._lost() from error

    def _start(self, call: Call, line: str) -> None:
        from paramiko import SSHException  # noqa: PLC0415

        try:
            call.start(line)
        except (SSHException, EOFError, OSError) as error:
            if self._alive():
                raise HostError(
                    self._host.name, "it does not run commands", "check ForceCommand in its sshd_config"
                ) from None
            raise self._lost() from error

    def _chunks(self, channel: Channel, ends: float | None) -> Iterator[bytes]:
        """The output up to its end. A command without a time limit is tested after each silence."""
        while True:
            channel.settimeout(self._quiet_s if ends is None else max(0.001, ends - time.monotonic()))
            try:
                chunk = channel.recv(CHUNK)
            except TimeoutError:
                if ends is not None:
                    raise HostError(self._host.name, "no answer in time", "check what the host is busy with") from None
                self._open().close()
                continue
            if not chunk:
                return
            yield chunk

    def _end(self, channel: Channel) -> int:
        """The exit status. It is missing if the connection broke, or if a signal ended the command; the output ends in
        any case.
        """
        status = channel.recv_exit_status()
        if status != -1:
            return status
        if self._alive():
            raise LinkLostError(
                self._host.name, "the command was ended by a signal there", "look at the host's journal"
            )
        raise self._lost()

    def _alive(self) -> bool:
        transport = self._connection.client.get_transport()
        return transport is not None and transport.is_active()

    def _lost(self) -> LinkLostError:
        return LinkLostError(self._host.name, "the connection was lost", "check whether the host is up, then try again")

    def _explain(self, root: Root) -> None:
        """Raises HostError if sudo refused to run the command."""
        with self._exec(("true",), b"") as call:
            list(self._chunks(call.channel, time.monotonic() + CHANNEL_SECONDS))
            works = self._end(call.channel) == 0
        if not works:
            raise root.refused(call.errors().decode("utf-8", "replace"))


def close(connection: Connection, gateways: Gateways | None) -> None:
    """Closes a connection, even one that failed at its host key, and the gateways that only this connection uses."""
    with contextlib.suppress(OSError, EOFError):
        connection.client.close()
    if gateways:
        gateways.close()
