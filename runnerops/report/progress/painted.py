"""Lines that move at the bottom of a terminal, and leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress

_A_SECOND = 10
"""How often they are drawn."""


class Painted:
    """Draws what a `Progress` shows. It may be stopped and started again.

    A `Progress` itself may not: at its second start it goes up as many lines as it had at its end, over what was printed
    in between, such as a question and its answer.
    """

    def __init__(self, progress: Progress) -> None:
        """`progress` is never started itself."""
        self._progress = progress
        self._live: Live | None = None

    def start(self) -> None:
        """Begins to draw, below all that was printed."""
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
        """Takes the lines away."""
        if self._live:
            self._live.stop()
            self._live = None
