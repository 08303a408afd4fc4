"""Lines that move at the bottom of a terminal, and disappear at the end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from runnerops.report.ticks import Ticks

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress
    from rich.text import Text

_EVERY = 0.1
"""Seconds until they are drawn again."""


class LiveDisplay:
    """Draws what a `Progress` shows, and prints above it. It can be hushed and resumed.

    A `Progress` itself cannot: at its second start it moves up by the lines that it had at its end, and overwrites what
    was printed in between, such as a question and its answer.

    Everything that is drawn or printed goes through one lock. rich itself only locks parts of it: if it draws again in
    one thread while another one prints, both move up by the lines that were there before, and when these have become
    fewer, the printed line is overwritten.
    """

    def __init__(self, progress: Progress) -> None:
        """`progress` itself is never started."""
        self._progress = progress
        self._live: Live | None = None
        self._ticks: Ticks | None = None
        self._lock = threading.Lock()

    def resume(self) -> None:
        """Begins to draw, below everything that was printed."""
        from rich.live import Live  # noqa: PLC0415  slow to import, and only for terminals

        progress = self._progress
        self.hush()
        self._live = Live(
            console=progress.console, get_renderable=progress.get_renderable, auto_refresh=False, transient=True
        )
        self._live.start(refresh=True)
        self._ticks = Ticks(_EVERY, self._draw)
        self._ticks.start()

    def hush(self) -> None:
        """Removes the lines until `resume`."""
        if self._ticks:
            self._ticks.end()
            self._ticks = None
        with self._lock:
            if self._live:
                self._live.stop()
                self._live = None

    def print(self, line: Text) -> None:
        """Prints above the lines, or just prints while they are not drawn."""
        with self._lock:
            self._progress.console.print(line, soft_wrap=True)

    def _draw(self) -> None:
        with self._lock:
            if self._live:
                self._live.refresh()
