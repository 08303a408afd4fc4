"""What this package and `engine/` need of a connection, and connections that are restricted to reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from runnerops.errors import HostError
from runnerops.frozen import frozen

OBSERVE = ("sh", "-s")
"""The command that runs a script from its standard input."""

OBSERVE_SECONDS = 90.0


class Completed(Protocol):
    """The result of an exec."""

    @property
    def status(self) -> int:
        """Its exit status."""

    @property
    def stdout(self) -> bytes:
        """Its output."""

    @property
    def stderr(self) -> bytes:
        """Its standard error. It may contain anything from the host, and is only shown redacted."""


class CommandLink(Protocol):
    """A connection that runs commands; `ssh.Link` in production."""

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """Runs one exec."""


class StreamLink(Protocol):
    """A connection that streams the output of a command; `ssh.Link` in production."""

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line, newlines included; ends with the command. Raises LinkLostError."""


class FollowLink(StreamLink, Protocol):
    """A connection over which a run is followed; `ssh.Link` in production."""

    @property
    def status(self) -> int:
        """The exit status of the last command that ended."""


@frozen
class HostLink:
    """The connection to a plan's host, and a new connection after that one was lost. Both raise HostError."""

    link: Callable[[], FollowLink]
    reconnect: Callable[[], FollowLink]


class Reader(Protocol):
    """A connection that can only read: it accepts nothing but observe scripts."""

    def read(self, script: bytes) -> bytes:
        """What the script prints. Raises HostError."""


class ReadOnly:
    """Restricts a connection to observe scripts."""

    def __init__(self, host: str, open_link: Callable[[], CommandLink]) -> None:
        self._host = host
        self._open = open_link

    def read(self, script: bytes) -> bytes:
        """What the script prints. Raises HostError."""
        completed = self._open().run(OBSERVE, script, OBSERVE_SECONDS)
        if completed.status != 0:
            lines = completed.stderr.decode("utf-8", "replace").strip().splitlines()
            last = lines[-1] if lines else "no message"
            raise HostError(self._host, f"observing ended with exit status {completed.status}: {last}")
        return completed.stdout


class PullTestReader:
    """Restricts a connection to the test pull, which changes something on a host and undoes it, and passes each line of
    its output on to `watch`. If the connection is lost, the test continues to its end.
    """

    def __init__(self, open_link: Callable[[], StreamLink], watch: Callable[[str], None]) -> None:
        self._open = open_link
        self._watch = watch

    def read(self, script: bytes) -> bytes:
        """What the script prints. Raises HostError."""
        output = b""
        for line in self._open().lines(OBSERVE, script):
            output += line
            self._watch(line.decode("utf-8", "replace").rstrip())
        return output
