"""A plan onto its host: one exec that starts the run and follows it. Encodes, calls, decodes; decides nothing.

The run is the host's own: whether this client sees its end or not, it goes on to an end. A client that lost its
connection comes back and follows from the byte it had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from runnerops.errors import HostError
from runnerops.model import Event, Outcome, Plan, Result, Step
from runnerops.redact import Redactor
from runnerops.remote import protocol

COME_BACK_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses before each attempt to come back to a host whose connection was lost."""

_RESULTS = {
    "applied": Result.APPLIED,
    "failed": Result.FAILED,
    "interrupted": Result.FAILED,
    "rolled-back": Result.ROLLED_BACK,
    "needs-person": Result.NEEDS_PERSON,
    "locked": Result.LOCKED,
}
_MESSAGES = {
    Result.FAILED: "the host is as it was",
    Result.ROLLED_BACK: "failed, and the host is back as it was",
    Result.NEEDS_PERSON: "failed, and the way back failed too",
}


class LostError(Exception):
    """The connection broke while a run was followed."""


class Follows(Protocol):
    """A connection that streams a command's output; `ssh.Link` in production."""

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line, newline included. Raises LostError; the last value of the generator is the status."""


class Applier:
    """Applies one plan. `link` gives an open connection, `again` a new one; events go to `watch` as they come."""

    def __init__(
        self,
        plan: Plan,
        redactor: Redactor,
        link: Callable[[], Follows],
        again: Callable[[], Follows],
        watch: Callable[[Event], None],
    ) -> None:
        self._plan = plan
        self._redactor = redactor
        self._link = link
        self._again = again
        self._watch = watch
        self._seen = 0
        self._events: list[Event] = []
