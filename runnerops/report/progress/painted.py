"""Lines that move at the bottom of a terminal, and disappear at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress

_A_SECOND = 10
"""How often they are drawn per second."""


class Painted:
    """Draws what a `Progress` shows. It can be stopped and started again.

    A `Progress` itself cannot: at its second start it moves up by the lines that it had at its end, and overwrites what
    was printed in between, such as a question and its answer.
    """

    def __init__(self, progress: Progress) -> None:
        """`progress` itself is never started."""
        self._progress = progress
        self._live: Live | None = None

    def start(self) -> None:
        """Begins to draw, below everything that was printed."""
        from rich.live import Live  # noqa: PLC0415  slow to import, and only for terminals

        progress = self._progress
        self.stop()
        self._live = Live(
            console=progress.console,
            get_renderable=progress.get_renderable,
            refresh_per_second=_A_SECOND,
            transient=True,
        )
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Removes the lines."""
        if self._live:
            self._live.stop()
            self._live = None
