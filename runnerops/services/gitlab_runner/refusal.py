"""Why a host's gitlab-runner cannot be deployed, and what must not be done to it unasked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model import Action, Change, Host, HostState, Job, Policy, ServiceName, Stop, Verb
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.choice import RUNNING, rests
from runnerops.services.gitlab_runner.document import NAME, label, parse, runners_of
from runnerops.services.gitlab_runner.observation import NOT_THERE, container_jobs
from runnerops.services.gitlab_runner.partners import match


def refusals(host: Host, have: HostState) -> Iterable[Stop]:
    """A section for a runner that does not run as the packaged unit."""
    runner = have.facts.runner
    if NAME not in host.sections or (runner and runner.unit.active != NOT_THERE):
        return
    if runner and runner.strangers:
        message = f"gitlab-runner runs there as {runner.strangers[0]}, not as the unit gitlab-runner.service"
        yield Stop("no-gitlab-runner", f"{message}: take the gitlab_runner section out, or install the package", False)
    else:
        message = "no unit gitlab-runner.service there: install GitLab's gitlab-runner package, then deploy again"
        yield Stop("no-gitlab-runner", message, allowable=False)


def stops(
    host: Host,  # noqa: ARG001
    changes: Sequence[Change],
    actions: Sequence[Action],
    have: HostState,
    policy: Policy,  # noqa: ARG001  plan.py lifts what the flags allow
) -> Iterable[Stop]:
    """What needs a word from the user first; jobs count on every host, managed or not."""
    for change in changes:
        yield from _drop_runner(change)
    runner = have.facts.runner
    jobs = runner.jobs if runner else tuple(container_jobs(have.facts.docker))
    docker_restarts = _docker_runs(have) and any(
        action.service is ServiceName.DOCKER and action.verb is Verb.RESTART for action in actions
    )
    active = runner is not None and runner.unit.active == RUNNING
    own_restart = active and any(action.service is NAME and action.verb is Verb.RESTART for action in actions)
    if jobs and (docker_restarts or rests(actions) or own_restart):
        yield _jobs_running(jobs)
    if docker_restarts and runner and runner.strangers:
        names = ", ".join(runner.strangers)
        yield Stop(
            "undrainable-runner",
            f"docker restarts under a gitlab-runner that cannot be brought to rest ({names}): its jobs would fail",
            details=runner.strangers,
        )


def _docker_runs(have: HostState) -> bool:
    """Where the daemon is down, its restart is a start, and disturbs nobody."""
    docker = have.facts.docker
    return docker is None or docker.unit.active in {"active", "reloading"}


def _drop_runner(change: Change) -> Iterator[Stop]:
    try:
        old = runners_of(parse(change.new.spec, change.old.content or b""))
    except ParseError:
        return
    new = runners_of(parse(change.new.spec, change.new.content or b""))
    kept = set(match(old, new).values())
    gone = tuple(label(runner, index) for index, runner in enumerate(old) if index not in kept and runner.get("token"))
    if gone:
        message = (
            f"registered there and not in the inventory, so they would vanish with their tokens: {', '.join(gone)}"
        )
        yield Stop("drop-runner", message, details=gone)


def _jobs_running(jobs: Sequence[Job]) -> Stop:
    count = len(jobs)
    which = ", ".join(dict.fromkeys(f"job {job.id}" if job.id else job.what for job in jobs))
    how_many = "1 job runs" if count == 1 else f"{count} jobs run"
    return Stop(
        "jobs-running",
        f"{how_many} there and would fail: {which}",
        details=tuple(job.id or job.what for job in jobs),
    )
