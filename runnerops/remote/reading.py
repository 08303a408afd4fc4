"""A connection for code that must not write: it can only observe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runnerops.errors import HostError
from runnerops.remote import observation

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


class Runs(Protocol):
    """A connection that runs commands; `ssh.Link` in production."""

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """Runs one exec."""


class ReadOnly:
    """Restricts a connection to observe scripts."""

    def __init__(self, host: str, open_link: Callable[[], Runs]) -> None:
        self._host = host
        self._open = open_link

    def read(self, script: bytes) -> bytes:
        """What the script prints. Raises HostError."""
        done = self._open().run(observation.OBSERVE, script, OBSERVE_SECONDS)
        if done.status != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            last = lines[-1] if lines else "no message"
            raise HostError(self._host, f"observing ended with exit status {done.status}: {last}")
        return done.stdout
