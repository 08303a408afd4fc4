"""A run: its events, how its host ended, and the record that the host keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import GOOD, Placed, Result, Sha
from runnerops.model.host_state import Run
from runnerops.model.plan import Blocker, Finding
from runnerops.model.steps import Step, drains
from runnerops.model.waited import in_words

StepList: TypeAlias = Literal["forward", "rollback", ""]
"""The list of steps that an event belongs to; empty for the run itself."""

EventKind: TypeAlias = Literal["step", "done", "wait", "note", "fail", "end"]


@frozen
class Event:
    """A line of a run's log. `at` is in epoch seconds. `step` is the index in its list from 0 (-1: the run itself).

    `in_gitlab`: for a wait for jobs, the number of jobs that GitLab has as running there; None if unknown.
    """

    host: str
    at: float
    list: StepList
    step: int
    kind: EventKind
    text: str
    in_gitlab: int | None = None


_FAILED = frozenset({Result.FAILED, Result.ROLLED_BACK, Result.NEEDS_ATTENTION, Result.UNKNOWN})


def diagnostic_texts(events: Iterable[Event]) -> tuple[str, ...]:
    """The texts of these events, each once: the output of a failed step can also be in the log of its service."""
    telling = [event for event in events if event.kind in {"note", "fail"} and event.text]
    steps = {event.text for event in telling if event.list}
    return tuple(in_words(event.text, event.at) for event in telling if event.list or event.text not in steps)


@frozen
class Outcome:
    """How a host ended: the step that failed, what a person should look at, and the next command to type.

    `blockers` and `findings` are the reasons why a refused host was not touched.
    """

    host: str
    result: Result
    failed: Step | None = None
    message: str = ""
    diagnostics: tuple[str, ...] = ()
    hint: str = ""
    seconds: float = 0.0
    blockers: tuple[Blocker, ...] = ()
    findings: tuple[Finding, ...] = ()
    deployed: bool = False
    """For a result that is not good: the host itself is as it should be, and only GitLab's part is missing."""
    problems: tuple[Placed, ...] = ()
    """Problems of a file that stop the host, for example in what `adopt` would write."""
    interrupted: bool = False
    """No step failed: somebody ended the run (`runnerops abort`, for example), and the host is as it was."""

    def has_failed(self) -> bool:
        """Whether a run began and did not end as it should."""
        return self.result in _FAILED and not self.deployed

    def is_good(self) -> bool:
        """Whether the host is as it should be. What is missing in GitLab does not count."""
        return self.result in GOOD or self.deployed

    def still_drains(self) -> bool:
        """Whether the host's runner still drains, so that it takes no jobs for now."""
        return self.result is Result.IN_PROGRESS or (self.failed is not None and drains(self.failed))


@frozen
class Record:
    """A run as its host recorded it. `actions` are `VERB SERVICE`. `command` is what was typed, such as `deploy`."""

    run: Run
    command: str = "deploy"
    actions: tuple[str, ...] = ()
    forward: tuple[Step, ...] = ()
    rollback: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)
    """By path, the file in the run's folder with the content that the run left."""

    @property
    def result(self) -> Result:
        """The result. It is unknown for a run that was cut off. If a drain failed, nothing had been swapped."""
        drained = self.failed is not None and drains(self.failed)
        return replace(self.run, drained=self.run.drained or drained).outcome

    @property
    def swapped(self) -> Mapping[str, tuple[Sha, Sha]]:
        """Each path that this run intended to change, with the sha before and after."""
        by_path: dict[str, tuple[Sha, Sha]] = {}
        for step in self.forward:
            if step.verb == "swap":
                path, old, new = step.args
                by_path[path] = (by_path[path][0] if path in by_path else old, new)
        return by_path

    @property
    def phases(self) -> Mapping[str, str]:
        """The service that each swapped path belongs to."""
        by_path: dict[str, str] = {}
        phase = ""
        for step in self.forward:
            if step.verb == "phase":
                phase = step.args[0]
            elif step.verb == "swap":
                by_path[step.args[0]] = phase
        return by_path

    @property
    def failed(self) -> Step | None:
        """The step that failed, after which the run rolled back."""
        index = next((event.step for event in self.events if event.kind == "fail" and event.list == "forward"), None)
        return self.forward[index] if index is not None and index < len(self.forward) else None

    @property
    def interrupted(self) -> bool:
        """Whether it went back although no step failed: somebody ended it (`runnerops abort`, for example)."""
        return self.failed is None and self.run.result in {"interrupted", "failed", "rolled-back"}

    @property
    def finished_at(self) -> float:
        """When its log was last written to, in epoch seconds."""
        return self.events[-1].at if self.events else float(self.run.started_at)
