"""Hosts on which another run is in progress: who runs it, and waiting for its end. Only reads hosts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import field, replace

from runnerops.engine.plans.planned import Planned
from runnerops.engine.runs.outcome import lost_race_outcome, outcome_of, plan_of_record, unknown_outcome
from runnerops.errors import HostError
from runnerops.frozen import frozen, mutable
from runnerops.model.common import ENDS, Result
from runnerops.model.host_state import Run
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.remote.history import read_history, wait_for_end
from runnerops.remote.links import ReadOnly
from runnerops.report.history import holder_text
from runnerops.report.screen import Screen

_AT_ONCE = 20
"""The longest wait of one exec, in seconds."""

_LEAVE_CHANGES = frozenset({"applied", "needs-attention"})
"""Results of runs after which files may differ from before."""


@mutable
class LockWait:
    """The wait for runs of other users on the hosts of one command. `seconds` is for all of them together; 0: do not
    wait.

    `planned_again` names hosts that were planned again because a service had written its own keys. This is done once.
    """

    seconds: int
    screen: Screen
    planned_again: set[str] = field(default_factory=set)
    rechecked: set[tuple[str, int]] = field(default_factory=set)
    """Runs, by host and number, that were seen with neither a unit nor an end."""
    _began: float = field(default_factory=time.monotonic)

    @property
    def remaining_s(self) -> float:
        """The rest of the wait, in seconds."""
        return max(0.0, self._began + self.seconds - time.monotonic())

    def plan_when_free(self, reader: ReadOnly, inspect: Callable[[], Planned]) -> Planned:
        """Calls `inspect`, and again after the end of each run of another user, while time is left.
        Raises HostError.
        """
        planned, announced = inspect(), 0
        while (run := planned.live_run) and not planned.own_run and self.remaining_s:
            if announced != run.number:
                text = f"{planned.plan.host}: waiting for {holder_text(run)} (for {self.remaining_s:.0f} s at most)"
                self.screen.say(text, "warn")
                announced = run.number
            ended = wait_for_end(reader, run.number, max(1, min(_AT_ONCE, int(self.remaining_s))))
            planned = inspect() if ended or not self.remaining_s else planned
        return planned


@frozen
class LockConflict:
    """What another run that began after the plan was made means: the outcome of the host, or that it must be planned
    again.
    """

    outcome: Outcome
    replan: bool = False


def resolve_lock_conflict(plan: Plan, reader: ReadOnly, lock_wait: LockWait) -> LockConflict:
    """Decides what to do if another run had the lock when this one was to begin. Raises HostError."""
    records = read_history(plan.host, reader).records
    record = next((record for record in records if record.run.running), None) or next(
        (record for record in records if record.run.result != "locked"), None
    )
    if record is None:
        return LockConflict(lost_race_outcome(plan))
    run, locked = record.run, locked_outcome(record.run, plan.host)
    if not run.running and not run.result and (plan.host, run.number) not in lock_wait.rechecked:
        # this run is just beginning or was cut off; when the host is planned again, it is clear which of the two
        lock_wait.rechecked.add((plan.host, run.number))
        return LockConflict(locked, replan=True)
    if run.digest == plan.digest:
        if run.running or record.result is Result.APPLIED:
            return LockConflict(replace(locked, message=f"{holder_text(run)}, has the same plan"), replan=True)
        return LockConflict(outcome_of_same_plan(plan.host, record))
    return LockConflict(locked, replan=lock_wait.remaining_s > 0)


def detect_race(plan: Plan, last: Run | None, reader: ReadOnly, lock_wait: LockWait) -> LockConflict | None:
    """Decides whether a file differed because of a run of which the plan did not know.

    That is run `last` if it was just beginning during the observation (it had no unit yet, and no end, as if it had been
    cut off), or a run that began after ours, got the lock first, and left changes. Returns None if there is no such run,
    or if the host cannot be asked; then the result of our own run counts.
    """
    beginning = last.number if last and not last.running and not last.result else None
    with contextlib.suppress(HostError):
        ended = [
            record.run
            for record in read_history(plan.host, reader).records
            if (record.run.number == beginning and record.run.result not in {"", "locked"})
            or (record.run.number > plan.run and record.run.result in _LEAVE_CHANGES)
        ]
        same = next((run for run in ended if run.digest == plan.digest and run.result == "applied"), None)
        if ended:
            replan = same is not None or lock_wait.remaining_s > 0
            return LockConflict(locked_outcome(same or ended[0], plan.host), replan)
    return None


def locked_outcome(run: Run, host: str) -> Outcome:
    """The outcome of a host that was not touched, naming the run that holds or held the lock."""
    word = ENDS[run.result].value if run.result in ENDS else "over"
    state = "is going on there" if run.running else f"came in between ({word})"
    hint = "wait until it ends and try again, or wait here with --lock-wait 5m"
    return Outcome(
        host,
        Result.LOCKED,
        message=f"{holder_text(run)}, {state}; nothing was changed",
        hint=hint if run.running else "try again, which makes a new plan",
    )


def outcome_of_same_plan(host: str, record: Record) -> Outcome:
    """The outcome if a run of another user had this very plan: its end is also the end of this deploy."""
    plan = plan_of_record(host, record)
    outcome = outcome_of(plan, record.events) or unknown_outcome(plan)
    return replace(outcome, message=f"{holder_text(record.run)}, had the same plan: {outcome.message}")
