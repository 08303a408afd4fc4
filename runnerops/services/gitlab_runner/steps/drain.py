"""How gitlab-runner is stopped and started without losing a job, unless `--kill-jobs` was given. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Policy
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import config_path, read
from runnerops.services.gitlab_runner.steps.verify import UNIT, Watch, watch
from runnerops.services.scripts import script
from runnerops.services.steps import drain, run

UNKNOWN = "-"
"""Stands for an unknown system id, because the fields of a step must not be empty."""

RESET = 'systemctl reset-failed "$1" 2>/dev/null || :'

STAY = 'systemctl stop "runnerops-return-$1" 2>/dev/null || :'
"""Ends the unit that an earlier run left to start the runner, because the runner must stay stopped now."""

_ROLLBACK_SECONDS = 7 * 24 * 3600
"""The time limit of a drain in a rollback. Every job has a time limit of its own in GitLab, which is shorter."""

_SHUTDOWN_SECONDS = 30
"""The time for which a runner that must abort its jobs waits for them, if its `shutdown_timeout` is not set."""


def after_drain(observed: HostState, policy: Policy) -> Iterator[Step]:
    """After the drain, `stop` ends the packaged unit's wait of 120 s before its next start. Until then, this wait is a
    safeguard.
    """
    runner = observed.facts.runner
    assert runner
    current_watch = watch(observed.file(config_path(observed)).content, runner.unit.argv)
    yield from _after_drain(observed, policy, current_watch, may_be_gone=runner.returning or runner.ending)


def rest_again(observed: HostState, policy: Policy, current_watch: Watch) -> Iterator[Step]:
    """In a rollback: stops the process that this run started, which may have taken jobs since, or may have ended
    already.

    A rollback continues after a step that failed, so the next steps would end jobs that are not waited for. So the
    limit of the user, after which a deploy gives up, does not apply to these jobs.
    """
    patient = policy if policy.kill_jobs else replace(policy, drain_s=max(policy.drain_s, _ROLLBACK_SECONDS))
    yield from _after_drain(observed, patient, current_watch, may_be_gone=True)


def _after_drain(observed: HostState, policy: Policy, current_watch: Watch, *, may_be_gone: bool) -> Iterator[Step]:
    """Once the runner was told to end, nothing may start it again. An interrupted rollback may have left a unit that
    would.
    """
    signal, whom, seconds = _ending(observed, policy)
    system_id = observed.facts.runner.system_id if observed.facts.runner else ""
    ends = "end its jobs, and then itself" if policy.kill_jobs else "take no new jobs, and end after its last one"
    yield run(10, "sh", "-c", STAY, "sh", UNIT, title=f"cancel the start of {UNIT} that an earlier run has planned")
    tell = script("runner-signal.sh", *(["--if-there"] if may_be_gone else []), UNIT, signal, whom)
    yield run(10, *tell, title=f"tell {UNIT} to {ends}")
    yield drain(seconds, *script("drain.sh", UNIT, signal, whom, current_watch.page, system_id or UNKNOWN))
    yield run(30, "systemctl", "stop", UNIT, title=f"stop {UNIT}")


def _ending(observed: HostState, policy: Policy) -> tuple[str, str, int]:
    """The signal, the processes of the unit that get it, and the time limit.

    With `--kill-jobs` the run sends the signal itself, because the unit's own KillSignal may be SIGQUIT, with which
    `stop` would drain. It goes to all processes, like that of `stop`: a job's shell that outlives its runner would be
    shown as running in GitLab for ever.
    """
    if not policy.kill_jobs:
        return "QUIT", "main", policy.drain_s
    timeout = read(observed.file(config_path(observed)).content).get("shutdown_timeout")
    seconds = timeout if isinstance(timeout, int) and timeout > 0 else _SHUTDOWN_SECONDS
    return "TERM", "all", seconds + _SHUTDOWN_SECONDS


def start(watch: Watch) -> Iterator[Step]:
    """Starts the unit. It is verified afterwards."""
    yield watch.mark_log(same_process=False)
    yield run(10, "sh", "-c", RESET, "sh", UNIT, title=f"forget failed starts of {UNIT}")
    yield run(30, "systemctl", "start", UNIT, title=f"start {UNIT}")


def return_later(wish: Literal["start", "stop"]) -> Step:
    """Starts a separate unit that tells the process to end, waits for its last job, and then starts or stops the
    runner.
    """
    return run(
        30, *script("runner-return-later.sh", UNIT, "runner-return.sh", wish), title=f"{wish} {UNIT} after its last job"
    )
