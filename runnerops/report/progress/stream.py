"""Shows a deploy in progress to programs."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.report.document import event_document
from runnerops.report.progress.show import step_of
from runnerops.report.screen import Screen


class Stream:
    """Prints one event per line as JSON to stdout. The command prints the summary."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan]) -> None:
        self._screen = screen
        self._plans = plans

    def watch(self, event: Event) -> None:
        """Prints an event as a line of JSON."""
        step = step_of(self._plans[event.host], event)
        self._screen.json(event_document(event, step), indent=None)

    def end(self, outcome: Outcome) -> None:
        """Prints nothing, because the summary has the outcome."""

    def say(self, text: str) -> None:
        """Prints to stderr, because it is not an event."""
        self._screen.say(text, "warn")

    def hush(self) -> None:
        """Does nothing: nobody reads a stream who could be asked."""

    def resume(self) -> None:
        """Does nothing: a stream is never hushed."""

    def gather(self) -> None:
        """Does nothing, because the summary has all outcomes."""
