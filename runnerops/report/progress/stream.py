"""Shows a deploy in progress to programs."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.report.document import event_document
from runnerops.report.progress.show import step_of
from runnerops.report.screen import Screen


class Stream:
    """Prints one event per line as JSON to stdout. The command prints the summary, which is the last line: after an interrupt,
    runs that are not followed any more may still have events.
    """

    def __init__(self, screen: Screen, plans: Mapping[str, Plan]) -> None:
        self._screen = screen
        self._plans = plans
        self._hushed = False
        self._held: list[Event] = []
        """Events that arrived since `hush`."""
        self._telling = threading.Lock()

    def watch(self, event: Event) -> None:
        """Prints an event as a line of JSON."""
        with self._telling:
            if self._hushed:
                self._held.append(event)
            else:
                self._print(event)

    def _print(self, event: Event) -> None:
        step = step_of(self._plans[event.host], event)
        self._screen.json(event_document(event, step), indent=None)

    def end(self, outcome: Outcome) -> None:
        """Prints nothing, because the summary has the outcome."""

    def say(self, text: str) -> None:
        """Prints to stderr, because it is not an event."""
        self._screen.say(text, "warn")

    def hush(self) -> None:
        """Prints no events until `resume`."""
        with self._telling:
            self._hushed = True

    def resume(self) -> None:
        """Prints events again after `hush`, and those that arrived meanwhile."""
        with self._telling:
            self._hushed = False
            for event in self._held:
                self._print(event)
            self._held.clear()

    def gather(self) -> None:
        """Does nothing, because the summary has all outcomes."""
