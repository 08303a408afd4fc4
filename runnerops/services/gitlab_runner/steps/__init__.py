"""The gitlab-runner phase of a run: swap, load or restart, verify, and its rollback. Pure.

gitlab-runner loads config.toml within 3 s of its swap, so the swap itself is the action. The signal only makes it
certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from runnerops.model.common import Verb
from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import HostState, sha256
from runnerops.model.inventory import Policy
from runnerops.model.plan import Change
from runnerops.model.steps import ActionSteps, Step
from runnerops.services.base import ActionRequest
from runnerops.services.gitlab_runner.format import NAME, config_path
from runnerops.services.gitlab_runner.rotation import tidied
from runnerops.services.gitlab_runner.schema import LINT_SINCE
from runnerops.services.gitlab_runner.steps import rewritten as written
from runnerops.services.gitlab_runner.steps.drain import after_drain, rest_again, return_later, start
from runnerops.services.gitlab_runner.steps.pulls import far_caches_new_to_jobs, own_caches_new_to_jobs
from runnerops.services.gitlab_runner.steps.verify import UNIT, heeds, watch
from runnerops.services.gitlab_runner.version import version_of
from runnerops.services.scripts import script
from runnerops.services.steps import AROUND, diagnose, guard, intend, restore_intent, run, staged_path, with_enablement


def action_steps(request: ActionRequest) -> ActionSteps:
    """Guarded by the identity of the process; validated by the runner itself if it can (`lint`), and by caches that are
    new to jobs.
    """
    host, action, changes, observed = request.host, request.action, request.changes, request.observed
    run, already_stopped = request.run, request.already_stopped
    runner = observed.facts.runner
    assert runner
    part = _Part(changes[0] if changes else None, runner, request.policy, observed)
    forward: Iterable[Step] = ()
    rollback: Iterable[Step] = ()
    first: tuple[Step, ...] = ()
    if action.operation == "stop":
        forward, rollback = part.stay(run, already_stopped), part.stay_back(already_stopped)
    elif action.verb is Verb.RELOAD and part.active and not already_stopped:
        first, forward, rollback = (heeds(),), part.reload(run), part.reload_back()
    elif already_stopped and part.active:
        forward, rollback = part.come_back(), part.rest_again()
    elif action.operation == AROUND:
        forward = part.start_again()
    elif action.verb is not Verb.VERIFY:
        forward, rollback = part.restart(run), part.restart_back()
    mirrors = (
        () if "unproven-mirror" in request.policy.allow else tuple(far_caches_new_to_jobs(host, changes, observed))
    )
    validate = (*first, *part.validate(), *own_caches_new_to_jobs(host, changes, observed), *mirrors)
    steps = _action_steps(forward, rollback, guard=tuple(_guard(runner)), validate=validate, files=part.files())
    steps = replace(
        steps, overrides=dict.fromkeys(mirrors, "unproven-mirror"), last=tuple(tidied(observed, part.content))
    )
    if NAME not in host.sections:
        return steps
    return with_enablement(steps, runner.unit, "disabled" if NAME in host.stopped else "enabled")


def _action_steps(
    forward: Iterable[Step],
    rollback: Iterable[Step],
    guard: tuple[Step, ...] = (),
    validate: tuple[Step, ...] = (),
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> ActionSteps:
    return ActionSteps(
        guard=guard,
        validate=validate,
        forward=tuple(forward),
        rollback=tuple(rollback),
        diagnostics=(diagnose(UNIT),),
        files=files,
    )


def stop_steps(observed: HostState, policy: Policy) -> ActionSteps:
    """The runner is stopped without losing a job: it takes no new ones, and its process ends after the last one."""
    runner = observed.facts.runner
    if runner is None or not (runner.may_have_jobs or runner.comes_back):
        return ActionSteps()
    part = _Part(None, runner, policy, observed)
    begun = intend(NAME, Verb.RESTART, observed.next_run, runner.unit.invocation)
    if not runner.may_have_jobs:
        return _action_steps((begun, _stop()), part.come_again(), guard=tuple(_guard(runner)))
    return _action_steps((begun, *after_drain(observed, policy)), part.return_back(), guard=tuple(_guard(runner)))


def _guard(runner: RunnerFacts) -> Iterator[Step]:
    """After a reboot another process may have the same number, so the process is identified by its InvocationID."""
    active = runner.unit.active
    yield guard(active, "systemctl", "is-active", UNIT, title=f"check that {UNIT} is still {active}")
    if runner.unit.pid and runner.unit.invocation:
        argv = ("systemctl", "show", "-p", "InvocationID", "--value", UNIT)
        yield guard(runner.unit.invocation, *argv, title=f"check that {UNIT} was not restarted meanwhile")


def _stop() -> Step:
    return run(30, "systemctl", "stop", UNIT, title=f"stop {UNIT}")


class _Part:
    """The facts of one action: the change of the file, if there is one, and the state of the process."""

    def __init__(self, change: Change | None, runner: RunnerFacts, policy: Policy, observed: HostState) -> None:
        self._change = change
        self._unit = runner.unit
        self._may_have_jobs = runner.may_have_jobs
        self._version = version_of(runner.version)
        self._policy = policy
        self._have = observed
        old = observed.file(config_path(observed)).content
        self.content = change.new.content if change else old
        self._old = watch(old, self._unit.argv)
        self._new = watch(self.content, self._unit.argv)

    @property
    def active(self) -> bool:
        """Whether there is a process that must be waited for, or one that will start by itself."""
        return self._may_have_jobs

    def files(self) -> Mapping[str, bytes]:
        """Files by which the host recognises what the runner itself writes."""
        if self._change is None:
            return {}
        return written.files(self._change.old.content, self._change.new.content, self._version)

    def validate(self) -> Iterator[Step]:
        """Has the runner check the staged file."""
        if self._change and self._change.new.content is not None and self._version >= LINT_SINCE:
            staged = staged_path(self._change.new.spec.path, sha256(self._change.new.content))
            yield run(
                30, *script("runner-would-load.sh", staged), title=f"ask {UNIT} whether it would load its new file"
            )

    def reload(self, number: int) -> Iterator[Step]:
        """The process continues, and it is verified that it loaded the file. Its metrics page is still the old one."""
        yield intend(NAME, Verb.RELOAD, number, self._unit.invocation)
        yield self._old.mark_log(same_process=True)
        yield from self._swap()
        yield run(10, "systemctl", "kill", "-s", "HUP", "--kill-who=main", UNIT, title=f"reload {UNIT}")
        yield self._new.verify_step(self._policy, str(self._unit.pid))
        yield from self._is_there()
        yield Step("complete", (NAME,))

    def reload_back(self) -> Iterator[Step]:
        """The same process loads the old file. A process that ended because of the new file is started."""
        yield self._old.mark_log(same_process=True)
        yield from self._swap_back()
        yield run(30, *script("runner-load-or-start.sh", UNIT), title=f"reload {UNIT}, or start it if it ended")
        yield self._old.verify_back(self._policy)
        yield restore_intent(NAME, self._have.intent_for(NAME))

    def restart(self, number: int) -> Iterator[Step]:
        """The runner is stopped if it is running, then the file is swapped, and the runner is started."""
        yield intend(NAME, Verb.RESTART, number, self._unit.invocation)
        if self.active:
            yield from after_drain(self._have, self._policy)
        else:  # the unit's wait before its next start would hold back ours, for two minutes where systemd is older than 254
            yield _stop()
        yield from self.come_back()

    def restart_back(self) -> Iterator[Step]:
        """Swaps the old file back. The runner runs again after its last job, or stays stopped as it was."""
        yield from self._swap_back()
        if self.active:
            yield from self.return_back()
        else:
            yield return_later("stop")
            yield restore_intent(NAME, self._have.intent_for(NAME))

    def stay(self, number: int, already_stopped: bool) -> Iterator[Step]:
        """The runner is stopped and stays stopped. Its next start loads the file."""
        if not already_stopped:
            yield intend(NAME, Verb.RESTART, number, self._unit.invocation)
            yield from after_drain(self._have, self._policy) if self.active else (_stop(),)
        yield from self._swap()
        yield Step("complete", (NAME,))

    def stay_back(self, already_stopped: bool) -> Iterator[Step]:
        """Swaps the old file back. If the runner was running, the phase that stopped it starts it again."""
        yield from self._swap_back()
        if already_stopped:
            return
        if self.active:
            yield from self.return_back()
        else:
            yield restore_intent(NAME, self._have.intent_for(NAME))

    def come_back(self) -> Iterator[Step]:
        """Starts a stopped runner with the new file."""
        yield from self._swap()
        yield from start(self._new)
        yield self._new.verify_step(self._policy)
        yield from self._is_there()
        yield Step("complete", (NAME,))

    def start_again(self) -> Iterator[Step]:
        """Starts a runner that systemd was about to start. Nobody knows whether it can start, so this is not verified."""
        yield from start(self._new)
        yield Step("complete", (NAME,))

    def come_again(self) -> Iterator[Step]:
        """Starts such a runner in a rollback."""
        yield return_later("start")
        yield restore_intent(NAME, self._have.intent_for(NAME))

    def rest_again(self) -> Iterator[Step]:
        """Swaps the old file back while the runner is stopped. The phase that stopped it is undone
        next, and starts it.
        """
        yield from self._swap_back()
        yield from rest_again(self._have, self._policy, self._new)

    def return_back(self) -> Iterator[Step]:
        """Runs with the old file again after the last job has ended."""
        yield self._old.mark_log(same_process=False)
        yield return_later("start")
        yield self._old.returned(self._policy)
        yield restore_intent(NAME, self._have.intent_for(NAME))

    def _swap(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            yield Step("swap", (path, sha256(self._change.old.content), sha256(self._change.new.content)))

    def _is_there(self) -> Iterator[Step]:
        """Reads the file again, because a runner that wrote it at that moment may have overwritten ours."""
        if self._change:
            yield written.is_there(self._change.new.spec.path, self._change.new.content)

    def _swap_back(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            if None not in {self._change.old.content, self._change.new.content}:
                yield written.taken_back(path, self._change.new.content)
            yield Step("swap", (path, sha256(self._change.new.content), sha256(self._change.old.content)))
