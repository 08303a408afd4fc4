"""The interface of everything that shows a deploy in progress."""

from __future__ import annotations

from typing import Protocol

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step


class Show(Protocol):
    """Shows a deploy in progress. Each host calls it from its thread."""

    def watch(self, event: Event) -> None:
        """Shows an event of a host."""

    def end(self, outcome: Outcome) -> None:
        """Shows how a host ended."""

    def say(self, text: str) -> None:
        """Shows a sentence about the deploy."""

    def hush(self) -> None:
        """Shows nothing during a question to the user. Outcomes that arrive meanwhile are shown afterwards."""

    def resume(self) -> None:
        """Shows events again after `hush`."""

    def gather(self) -> None:
        """From now on, shows outcomes after all hosts have ended, and those that are alike together."""


def step_of(plan: Plan, event: Event) -> Step | None:
    """The step of an event."""
    steps = plan.rollback if event.list == "rollback" else plan.forward
    return steps[event.step] if event.list and 0 <= event.step < len(steps) else None
