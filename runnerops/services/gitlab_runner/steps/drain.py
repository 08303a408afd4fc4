"""How gitlab-runner is stopped and started again without losing a job, unless that was asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Policy
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import config_path, read
from runnerops.services.gitlab_runner.steps.verify import UNIT, Watch, watch
from runnerops.services.scripts import script
from runnerops.services.steps import drain, run

UNKNOWN = "-"
"""Stands for a system id that is not known: a step has no empty fields."""

RESET = 'systemctl reset-failed "$1" 2>/dev/null || :'

STAY = 'systemctl stop "runnerops-return-$1" 2>/dev/null || :'
"""Ends the return that an earlier run left behind, or the runner would be started while it must be stopped."""

_SHUTDOWN_SECONDS = 30
"""How long a runner that was told to abort its jobs waits for them, where its `shutdown_timeout` says nothing."""


def rest(observed: HostState, policy: Policy) -> Iterator[Step]:
    """`stop` ends the packaged unit's wait of 120 s before it starts again; until then that wait is the safety net."""
    runner = observed.facts.runner
    assert runner
    now = watch(observed.file(config_path(observed)).content, runner.unit.argv)
    yield from _rest(observed, policy, now, may_be_gone=runner.returning)


def rest_again(observed: HostState, policy: Policy, now: Watch) -> Iterator[Step]:
    """In a rollback: the process that this run started, which may have taken jobs since, or may be gone already."""
    yield from _rest(observed, policy, now, may_be_gone=True)


def _rest(observed: HostState, policy: Policy, now: Watch, *, may_be_gone: bool) -> Iterator[Step]:
    """Nothing may start the runner any more once it has been told: also a rollback that was cut off left a return."""
    signal, whom, seconds = _ending(observed, policy)
    system_id = observed.facts.runner.system_id if observed.facts.runner else ""
    ends = "end its jobs, and then itself" if policy.kill_jobs else "take no new jobs, and end after its last one"
    yield run(10, "sh", "-c", STAY, "sh", UNIT, title=f"cancel the start of {UNIT} that an earlier run has planned")
    tell = script("runner-tell.sh", *(["--if-there"] if may_be_gone else []), UNIT, signal, whom)
    yield run(10, *tell, title=f"tell {UNIT} to {ends}")
    yield drain(seconds, *script("drain.sh", UNIT, signal, whom, now.page, system_id or UNKNOWN))
    yield run(30, "systemctl", "stop", UNIT, title=f"stop {UNIT}")


def _ending(observed: HostState, policy: Policy) -> tuple[str, str, int]:
    """The signal, to which of the unit's processes, and for how long they may take.

    With `--kill-jobs` the signal is sent by us: the unit's own KillSignal may be SIGQUIT, and then `stop` would drain.
    It goes to all, as `stop` sends it: a job's shell that outlives its runner would be running for ever in GitLab.
    """
    if not policy.kill_jobs:
        return "QUIT", "main", policy.drain_s
    timeout = read(observed.file(config_path(observed)).content).get("shutdown_timeout")
    seconds = timeout if isinstance(timeout, int) and timeout > 0 else _SHUTDOWN_SECONDS
    return "TERM", "all", seconds + _SHUTDOWN_SECONDS


def start(watch: Watch) -> Iterator[Step]:
    """Starts the unit; verifying it comes next."""
    yield watch.mark_log(same_process=False)
    yield run(10, "sh", "-c", RESET, "sh", UNIT, title=f"forget failed starts of {UNIT}")
    yield run(30, "systemctl", "start", UNIT, title=f"start {UNIT}")


def return_later(wish: Literal["start", "stop"]) -> Step:
    """A unit of its own that tells the process to end, waits for its last job, and does as wished."""
    return run(
        30, *script("runner-return-later.sh", UNIT, "runner-return.sh", wish), title=f"{wish} {UNIT} after its last job"
    )
