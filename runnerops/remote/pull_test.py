"""A connection for the pull test: it runs a script that changes something on a host and undoes it, and follows its
output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from runnerops.remote import observation


class Follows(Protocol):
    """A connection that streams a command's output; `ssh.Link` in production."""

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line. Raises LinkLostError."""


class PullTestReader:
    """Restricts a connection to running the test. If the connection is lost, the test continues to its end."""

    def __init__(self, open_link: Callable[[], Follows], watch: Callable[[str], None]) -> None:
        self._open = open_link
        self._watch = watch

    def read(self, script: bytes) -> bytes:
        """What the script prints. Raises HostError."""
        output = b""
        for line in self._open().lines(observation.OBSERVE, script):
            output += line
            self._watch(line.decode("utf-8", "replace").rstrip())
        return output
