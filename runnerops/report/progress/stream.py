"""A deploy while it lasts for programs."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.report.document import event_document
from runnerops.report.progress.show import step_of
from runnerops.report.screen import Screen


class Stream:
    """One event a line, as JSON on stdout; the summary is the command's."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan]) -> None:
        self._screen = screen
        self._plans = plans

    def watch(self, event: Event) -> None:
        """Prints an event as a line of JSON."""
        step = step_of(self._plans[event.host], event)
        self._screen.json(event_document(event, step), indent=None)

    def end(self, outcome: Outcome) -> None:
        """Prints nothing: the summary has the outcome."""

    def say(self, text: str) -> None:
        """Prints it to stderr: it is no event."""
        self._screen.say(text, "warn")

    def hush(self) -> None:
        """A stream has no reader who could be asked."""

    def resume(self) -> None:
        """Does nothing: a stream is never hushed."""

    def gather(self) -> None:
        """Does nothing: the summary has all outcomes."""
