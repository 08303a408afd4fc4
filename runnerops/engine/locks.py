"""A host on which somebody's run is going on: who that is, and waiting for its end. Reads hosts only."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from runnerops.engine.outcome import in_between, outcome_of, plan_of, unseen
from runnerops.engine.planned import Planned
from runnerops.errors import HostError
from runnerops.frozen import frozen
from runnerops.model.common import ENDS, Result
from runnerops.model.host_state import Run
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.remote.history import read_history, wait_for_end
from runnerops.remote.reading import ReadOnly
from runnerops.report.history import holder_text
from runnerops.report.screen import Screen

_AT_ONCE = 20
"""Seconds that one exec waits at most."""


@dataclass(slots=True)
class LockWait:
    """The wait for runs of others on the hosts of one command; `seconds` is for all of them together, 0: none is waited for.

    `planned_again` names hosts whose plan was made anew since their own services wrote into their files: once is enough.
    """

    seconds: int
    screen: Screen
    planned_again: set[str] = field(default_factory=set)
    looked_again: set[tuple[str, int]] = field(default_factory=set)
    """Runs, by host and number, that were met with neither a unit nor an end."""
    _began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds of the wait that are left."""
        return max(0.0, self._began + self.seconds - time.monotonic())

    def plan_free(self, reader: ReadOnly, inspect: Callable[[], Planned]) -> Planned:
        """Calls `inspect`, and again after the end of each run of others that it met, while time is left. Raises HostError."""
        planned, told = inspect(), 0
        while planned.live and not planned.own and self.left:
            if told != planned.live.number:
                text = f"{planned.plan.host}: waiting for {holder_text(planned.live)} (for {self.left:.0f} s at most)"
                self.screen.say(text, "warn")
                told = planned.live.number
            ended = wait_for_end(reader, planned.live.number, max(1, min(_AT_ONCE, int(self.left))))
            planned = inspect() if ended or not self.left else planned
        return planned


@frozen
class LockConflict:
    """What a run that came in between means: how this host ends, or that it has to be planned once more."""

    outcome: Outcome
    replan: bool = False


def resolve_lock_conflict(plan: Plan, reader: ReadOnly, lock_wait: LockWait) -> LockConflict:
    """Another run had the host when this one was to begin. Raises HostError."""
    records = read_history(plan.host, reader).records
    record = next((one for one in records if one.run.running), None) or next(
        (one for one in records if one.run.result != "locked"), None
    )
    if record is None:
        return LockConflict(in_between(plan))
    run, locked = record.run, locked_by(record.run, plan.host)
    if not run.running and not run.result and (plan.host, run.number) not in lock_wait.looked_again:
        lock_wait.looked_again.add((plan.host, run.number))  # it is just beginning, or was cut off: another look tells
        return LockConflict(locked, replan=True)
    if run.digest == plan.digest:
        if run.running or record.result is Result.APPLIED:
            return LockConflict(replace(locked, message=f"{holder_text(run)}, has the same plan"), replan=True)
        return LockConflict(own_end(plan.host, record))
    return LockConflict(locked, replan=lock_wait.left > 0)


def detect_race(plan: Plan, last: Run | None, reader: ReadOnly, lock_wait: LockWait) -> LockConflict | None:
    """Whether a file moved since run `last` was just beginning when the host was looked at: no unit yet, and no end.

    It looked as one that was cut off. None where it was, or where the host cannot be asked: how our run ended counts then.
    """
    if last is None or last.running or last.result:
        return None
    with contextlib.suppress(HostError):
        records = read_history(plan.host, reader).records
        ended = next((one.run for one in records if one.run.number == last.number and one.run.result), None)
        if ended:
            same = ended.digest == plan.digest and ended.result == "applied"
            return LockConflict(locked_by(ended, plan.host), replan=same or lock_wait.left > 0)
    return None


def locked_by(run: Run, host: str) -> Outcome:
    """The outcome of a host that was not touched, with whose run has it or had it."""
    word = ENDS[run.result].value if run.result in ENDS else "over"
    state = "is going on there" if run.running else f"came in between ({word})"
    hint = "wait until it ends and deploy again, or wait here with --lock-wait 5m"
    return Outcome(
        host,
        Result.LOCKED,
        message=f"{holder_text(run)}, {state}; nothing was changed",
        hint=hint if run.running else "deploy again, which makes a new plan",
    )


def own_end(host: str, record: Record) -> Outcome:
    """The end of somebody's run of this very plan is this deploy's end too."""
    plan = plan_of(host, record)
    outcome = outcome_of(plan, record.events) or unseen(plan)
    return replace(outcome, message=f"{holder_text(record.run)}, had the same plan: {outcome.message}")
