"""The progress of looking at many hosts: a count, and the hosts waited for, on a terminal line or in log lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from runnerops.report.screen import Screen

Out = TypeVar("Out")

_FIRST, _EVERY, _IN_LOGS = 1.0, 0.5, 15.0
"""Seconds before the first message on a terminal, between two there, and between two elsewhere."""
_NAMED = 3


class Looking:
    """Each host calls this from its thread. Nothing is shown for one host, or if the look ends at once."""

    def __init__(self, screen: Screen, hosts: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._hosts = hosts
        self._clock = clock
        self._since: dict[str, tuple[float, str]] = {}
        self._done: set[str] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def say(self, host: str, activity: str) -> None:
        """What this host does now; empty: it is done."""
        with self._lock:
            began = self._since.pop(host, (self._clock(), ""))[0]
            if activity:
                self._done.discard(host)
                self._since[host] = (began, activity)
            else:
                self._done.add(host)

    def detail(self, host: str, activity: str) -> None:
        """Not shown for many hosts."""

    def each(self, look: Callable[[str], Out], activity: str = "") -> Callable[[str], Out]:
        """Wraps the look at one host, which is done when it ends, with or without an error. `activity`: what it does first,
        unless it says so itself.
        """

        def looked(host: str) -> Out:
            try:
                if activity:
                    self.say(host, activity)
                return look(host)
            finally:
                self.say(host, "")

        return looked

    def line(self) -> str:
        """`312 of 500 hosts seen; waiting for a (connecting, 12 s), b (looking, 3 s) and 30 more`, slowest first."""
        with self._lock:
            slowest = sorted(self._since.items(), key=lambda item: item[1][0])
            count, now = len(self._done), self._clock()
        waiting = [f"{host} ({activity}, {now - began:.0f} s)" for host, (began, activity) in slowest[:_NAMED]]
        omitted = f" and {len(slowest) - _NAMED} more" if len(slowest) > _NAMED else ""
        return f"{count} of {self._hosts} hosts seen" + (
            f"; waiting for {', '.join(waiting)}{omitted}" if waiting else ""
        )

    def _tell(self) -> None:
        terminal = self._screen.err.isatty()
        if self._over.wait(_FIRST if terminal else _IN_LOGS):
            return
        while True:
            if terminal:
                self._screen.status(self.line())
            else:
                self._screen.say(self.line(), "dim")
            if self._over.wait(_EVERY if terminal else _IN_LOGS):
                break
        self._screen.status("")

    def __enter__(self) -> Looking:
        if self._hosts > 1:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._hosts > 1:
            self._thread.join()
