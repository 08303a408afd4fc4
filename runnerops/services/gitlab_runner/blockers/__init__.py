"""Why a host's gitlab-runner cannot be deployed, and what blocks an action of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import Job, RunnerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Blocker, Change
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.action import count
from runnerops.services.gitlab_runner.blockers.self_deploy import self_deploy
from runnerops.services.gitlab_runner.diff.matching import match
from runnerops.services.gitlab_runner.format import NAME, config_path, label, parse, read, runners_of
from runnerops.services.gitlab_runner.observe import NOT_THERE


def unsupported(host: Host, observed: HostState) -> Iterable[Blocker]:
    """A section for a runner that does not run as the packaged unit."""
    runner = observed.facts.runner
    if NAME not in host.sections or (runner and runner.unit.active != NOT_THERE):
        return
    if runner and runner.unmanaged_runners:
        message = (
            f"gitlab-runner runs on the host as {runner.unmanaged_runners[0]}, not as the unit gitlab-runner.service"
        )
        yield Blocker("no-gitlab-runner", f"{message}: take the gitlab_runner section out, or install the package")
    else:
        message = (
            "the host has no unit gitlab-runner.service: install GitLab's gitlab-runner package, then deploy again"
        )
        yield Blocker("no-gitlab-runner", message)


def blockers(
    host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
) -> Iterable[Blocker]:
    """Blocks actions to which the user must agree first. Jobs count on every host, managed or not."""
    for change in changes if NAME not in host.removed else ():  # a removal reports these by what the inventory gives
        yield from _drop_runner(change)
    runner = observed.facts.runner
    if runner is None:
        return
    if runner.wrapper and any(action.service is NAME and action.verb > Verb.VERIFY for action in actions):
        yield _wrapped(runner)
    if any(action.service is NAME and action.verb is Verb.RELOAD for action in actions):
        yield from _reload_waits(runner, read(observed.file(config_path(observed)).content))
    docker = _docker_runs(observed) and _restarts(ServiceName.DOCKER, actions)
    if docker or (runner.may_have_jobs and _restarts(NAME, actions)):
        yield from self_deploy(observed, policy, "docker" if docker else "gitlab-runner")
        yield from _jobs_running(runner, policy, docker=docker)
    if docker and runner.unmanaged_runners:
        yield _undrainable(runner)


def _restarts(service: ServiceName, actions: Sequence[Action]) -> bool:
    return any(action.service is service and action.verb is Verb.RESTART for action in actions)


def _docker_runs(observed: HostState) -> bool:
    """If the daemon is down, its restart is only a start, which disturbs nobody."""
    docker = observed.facts.docker
    return docker is None or docker.unit.active in {"active", "reloading"}


def _drop_runner(change: Change) -> Iterator[Blocker]:
    try:
        old = runners_of(parse(change.old.content or b""))
    except ParseError:
        return
    new = runners_of(parse(change.new.content or b""))
    matched = set(match(old, new).values())
    removed = tuple(
        label(runner, index) for index, runner in enumerate(old) if index not in matched and runner.get("token")
    )
    if removed:
        message = (
            f"these runners of the host would be taken out of config.toml, and their tokens lost: {', '.join(removed)}"
        )
        yield Blocker("drop-runner", message, details=removed)


def _jobs_running(runner: RunnerFacts, policy: Policy, *, docker: bool) -> Iterator[Blocker]:
    """Jobs that are not waited for, because the flags say so or because they belong to no runner of the host's unit."""
    jobs = runner.jobs if docker else runner.draining
    if not policy.kill_jobs:
        jobs = () if runner.unmanaged_runners else tuple(job for job in jobs if not job.drains)
    if jobs:
        verb = "runs" if len(jobs) == 1 else "run"
        why = (
            "would fail"
            if policy.kill_jobs
            else "would fail: no runner of this host took them, so none can wait for them"
        )
        yield Blocker("jobs-running", f"{count(jobs)} {verb} there and {why}: {_names(jobs)}", details=_ids(jobs))


def _reload_waits(runner: RunnerFacts, loaded: Tree) -> Iterator[Blocker]:
    """More jobs than `concurrent`, after it was lowered: until enough of them have ended, the process does nothing else.

    Source: `updateWorkers` in gitlab-runner's `commands/multi.go`, which also reads the file and SIGHUP in this loop.
    """
    limit, jobs = loaded.get("concurrent", 1), runner.draining
    if isinstance(limit, int) and 0 < limit < len(jobs):
        message = (
            f"gitlab-runner still has {count(jobs)} although `concurrent` is {limit}, and it loads no file until only"
            f" {limit} of them {'runs' if limit == 1 else 'run'}, so a reload would fail: {_names(jobs)}"
        )
        yield Blocker("reload-waits", message, details=_ids(jobs))


def _wrapped(runner: RunnerFacts) -> Blocker:
    """A shell that gets a signal while it waits for a program ends at once, and systemd then ends the whole unit."""
    message = (
        f"{runner.unit.name} starts gitlab-runner through {runner.wrapper}, which does not pass signals on, so a reload or"
        " a restart would end all jobs: let it start gitlab-runner with `exec`"
    )
    return Blocker("undrainable-runner", message, details=(runner.wrapper,))


def _undrainable(runner: RunnerFacts) -> Blocker:
    names = ", ".join(runner.unmanaged_runners)
    jobs = f", now {_names(runner.jobs)}" if runner.jobs else ""
    message = (
        f"docker would restart under a gitlab-runner that cannot be drained ({names}), and its jobs would fail{jobs}"
    )
    return Blocker("undrainable-runner", message, details=runner.unmanaged_runners)


def _names(jobs: Sequence[Job]) -> str:
    return ", ".join(dict.fromkeys(f"job {job.id}" if job.id else job.what for job in jobs))


def _ids(jobs: Sequence[Job]) -> tuple[str, ...]:
    return tuple(job.id or job.what for job in jobs)
