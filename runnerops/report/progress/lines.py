"""Shows a deploy in progress as lines, each about one host."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

from runnerops.model.host_names import by_number
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome, diagnostic_texts
from runnerops.model.steps import Step
from runnerops.redact import step_command, step_title
from runnerops.report.causes import outcomes_lines
from runnerops.report.drains import DrainTracker
from runnerops.report.progress.show import step_of
from runnerops.report.screen import Screen
from runnerops.report.text import outcome_lines
from runnerops.report.ticks import Ticks

_AGAIN = 300.0
"""Seconds after which a log repeats what is waited for."""
_MOMENT = 0.05
"""In seconds. A host that took less, and about which nothing was said, had no run."""


class Lines:
    """A line when a phase begins, a wait changes or a step fails; with `verbose`, every step. Outcomes come at the end.

    Jobs that are waited for are repeated every few minutes, so that a log shows that the deploy continues.
    """

    def __init__(self, screen: Screen, plans: Mapping[str, Plan], *, verbose: int) -> None:
        self._screen = screen
        self._plans = plans
        self._verbose = verbose
        self._quiet = False
        self._notes: dict[str, list[Event]] = {}
        self._seen: set[str] = set()
        self._telling = threading.Lock()
        """Keeps the lines of a host's end together, because most of them do not name it."""
        self._held: list[Outcome] = []
        """Outcomes that arrived during a question to the user."""
        self._later: list[Outcome] = []
        self._gathers = False
        self._ticks = Ticks(_AGAIN, self._again)
        self._drains = DrainTracker(sum(not plan.empty for plan in plans.values()))

    def say(self, text: str) -> None:
        """Prints a separate line, unless a question is being asked."""
        with self._telling:
            if not self._quiet:
                self._say(text, "warn")

    def hush(self) -> None:
        """Prints no events and outcomes until `resume`, so that no line runs into the question."""
        with self._telling:
            self._quiet = True

    def resume(self) -> None:
        """Prints events again after `hush`, and the outcomes that arrived meanwhile."""
        self._quiet = False
        outcomes, self._held = self._held, []
        for outcome in outcomes:
            self.end(outcome)

    def gather(self) -> None:
        """Prints outcomes after all hosts have ended, and those that are alike together."""
        self._gathers = True

    def watch(self, event: Event) -> None:
        """Prints at once. Lines of several hosts may alternate, so each names its host."""
        self._seen.add(event.host)
        if event.kind == "note":
            self._notes.setdefault(event.host, []).append(event)
        step = step_of(self._plans[event.host], event)
        if step is not None:
            self._drains.watch(event, step)
            with self._telling:
                self._tell(event, step)

    def _tell(self, event: Event, step: Step) -> None:
        if self._quiet:
            return
        if event.kind == "fail":
            self._say(f"{event.host}: failed step: {step_title(step)}", "bad")
        elif event.kind == "wait":
            self._wait(f"{event.host}:   {self._drains.text(step, event)}")
        elif (
            event.kind == "step"
            and (step.verb == "phase" or self._verbose)
            and not self._is_shown_elsewhere(event.host)
        ):
            rollback = "rollback: " if event.list == "rollback" else ""
            self._say(f"{event.host}: {rollback}{step_title(step)}", "plain")
            if command := step_command(step, self._verbose):
                self._say(f"{event.host}:   {command}", "command")

    def end(self, outcome: Outcome) -> None:
        """Prints how the host ended, after messages that are not part of the outcome. Hosts without a run come later.

        Nothing is printed for a host without a plan, because its error is where its plan would be.
        """
        self._drains.end(outcome.host)
        if outcome.host not in self._plans:
            return
        with self._telling:
            if self._quiet:
                self._held.append(outcome)
                return
            for line in diagnostic_texts(self._notes.pop(outcome.host, ())):
                if line not in outcome.diagnostics and line not in outcome.message:
                    self._say(f"{outcome.host}:   {line}", "dim")
            if self._gathers or (outcome.host not in self._seen and outcome.seconds < _MOMENT):
                self._later.append(outcome)
                return
            for style, text in outcome_lines(outcome, verbose=self._verbose):
                self._say(text, style)

    def _tell_later(self) -> None:
        """Prints hosts without a run, and those that were rolled back together, because many of them have the same
        reason.
        """
        Lines.resume(self)
        for style, text in outcomes_lines(sorted(self._later, key=lambda item: by_number(item.host))):
            self._say(text, style)
        self._later.clear()
        self.hush()  # after an interrupt, runs that are not followed any more may still have events

    def _say(self, text: str, style: str) -> None:
        self._screen.say(text, style)

    def _is_shown_elsewhere(self, host: str) -> bool:  # noqa: ARG002
        """Whether what the host does now is shown elsewhere."""
        return False

    def _wait(self, text: str) -> None:
        self._say(text, "dim")

    def _again(self) -> None:
        """Repeats what is waited for."""
        for line in () if self._quiet else self._drains.lines():
            self._say(line, "dim")

    def __enter__(self) -> Lines:
        self._ticks.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticks.end()
        self._tell_later()
