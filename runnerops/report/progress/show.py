"""What shows a deploy while it lasts has to do, whatever it looks like."""

from __future__ import annotations

from typing import Protocol

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step


class Show(Protocol):
    """What a deploy tells while it goes on; called from one thread a host."""

    def watch(self, event: Event) -> None:
        """Shows an event of a host."""

    def end(self, outcome: Outcome) -> None:
        """Shows how a host ended."""

    def say(self, text: str) -> None:
        """Shows a sentence of its own about the deploy."""

    def hush(self) -> None:
        """Paint and tell nothing, while somebody is asked; how hosts ended meanwhile is told after that."""

    def resume(self) -> None:
        """Shows events again after `hush`."""

    def gather(self) -> None:
        """From now on tells how hosts ended when all have, those that ended alike as one."""


def step_of(plan: Plan, event: Event) -> Step | None:
    """The step that an event is about."""
    steps = plan.rollback if event.list == "rollback" else plan.forward
    return steps[event.step] if event.list and 0 <= event.step < len(steps) else None
