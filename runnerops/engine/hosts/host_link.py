"""The connection over which a run is followed, and which is opened again when it is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from runnerops.frozen import frozen


class Follows(Protocol):
    """A connection that streams the output of a command. In production this is `ssh.Link`."""

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line, newlines included; ends with the command. Raises LinkLostError."""

    @property
    def status(self) -> int:
        """The exit status of the last command that ended."""


@frozen
class HostLink:
    """The connection to a plan's host, and a new connection after that one was lost. Both raise HostError."""

    link: Callable[[], Follows]
    reconnect: Callable[[], Follows]
