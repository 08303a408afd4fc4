"""The gitlab-runner part of a run: swap, load or restart, prove, and the way back. Pure.

gitlab-runner loads config.toml within 3 s of its swap, so for it the swap is the action; the signal only makes it sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from runnerops.model.common import Verb
from runnerops.model.host_state import HostState, RunnerFacts
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change, Moves, Step
from runnerops.services.base import sha256, staged_path
from runnerops.services.gitlab_runner import rewritten as written
from runnerops.services.gitlab_runner.checks import version_of
from runnerops.services.gitlab_runner.drain import payload, rest, rest_again, return_later, start
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.gitlab_runner.paths import config_path
from runnerops.services.gitlab_runner.pulls import far_caches_new_to_jobs, own_caches_new_to_jobs
from runnerops.services.gitlab_runner.schema import LINT_SINCE
from runnerops.services.gitlab_runner.scripts import LOAD_OR_START
from runnerops.services.gitlab_runner.verify_steps import UNIT, watch
from runnerops.services.steps import look, owe, run, settle_debt


def moves(
    host: Host,
    action: Action,
    changes: Sequence[Change],
    have: HostState,
    policy: Policy,
    run: int,
    paused: bool,
) -> Moves:
    """Guarded by the life of the process; judged by `gitlab-runner lint` where there is one, and by caches new to jobs."""
    runner = have.facts.runner
    assert runner
    part = _Part(changes[0] if changes else None, runner, policy, have)
    if action.verb is Verb.RELOAD and part.active and not paused:
        todo, undo = part.reload(run), part.reload_back()
    elif paused and part.active:
        todo, undo = part.come_back(), part.rest_again()
    else:
        todo, undo = part.restart(run), part.restart_back()
    mirrors = () if "unproven-mirror" in policy.allow else tuple(far_caches_new_to_jobs(host, changes, have))
    judge = (*part.judge(), *own_caches_new_to_jobs(host, changes, have), *mirrors)
    found = _moves(todo, undo, guard=tuple(_guard(runner)), judge=judge, files=part.files())
    return replace(found, lifts=dict.fromkeys(mirrors, "unproven-mirror"))


def _moves(
    todo: Iterable[Step],
    undo: Iterable[Step],
    guard: tuple[Step, ...] = (),
    judge: tuple[Step, ...] = (),
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Moves:
    there, back = tuple(todo), tuple(undo)
    more = {**files, **payload(*there, *back)}
    return Moves(guard=guard, judge=judge, todo=there, undo=back, look=(look(UNIT),), files=more)


def pause(have: HostState, policy: Policy) -> Moves:
    """To rest without losing a job: no new ones are taken, and the process ends with its last."""
    runner = have.facts.runner
    if runner is None or not runner.lives:
        return Moves()
    number = have.last.number + 1 if have.last else 1
    todo = (owe(NAME, Verb.RESTART, number, runner.unit.invocation), *rest(have, policy))
    return _moves(todo, _Part(None, runner, policy, have).return_back(), guard=tuple(_guard(runner)))


def resume(have: HostState, policy: Policy) -> Moves:
    """Back, where the runner has no change of its own."""
    runner = have.facts.runner
    if runner is None or not runner.lives:
        return Moves()
    part = _Part(None, runner, policy, have)
    return _moves(part.come_back(), part.rest_again())


def _guard(runner: RunnerFacts) -> Iterator[Step]:
    """A process of the same number may be another after a reboot, so it is known by its InvocationID."""
    yield Step("guard", (runner.unit.active, "systemctl", "is-active", UNIT))
    if runner.unit.pid and runner.unit.invocation:
        yield Step("guard", (runner.unit.invocation, "systemctl", "show", "-p", "InvocationID", "--value", UNIT))


class _Part:
    """One part, seen whole: the file's change, if there is one, and the process as it is."""

    def __init__(self, change: Change | None, runner: RunnerFacts, policy: Policy, have: HostState) -> None:
        self._change = change
        self._unit = runner.unit
        self._lives = runner.lives
        self._version = version_of(runner.version)
        self._policy = policy
        self._have = have
        old = have.file(config_path(have)).content
        self._old = watch(old, self._unit.argv)
        self._new = watch(change.new.content if change else old, self._unit.argv)

    @property
    def active(self) -> bool:
        """Whether there is a process to be gentle with, or one comes by itself."""
        return self._lives

    def files(self) -> Mapping[str, bytes]:
        """What the host tells the runner's own writing by."""
        if self._change is None:
            return {}
        return written.files(self._change.old.content, self._change.new.content, self._version)

    def judge(self) -> Iterator[Step]:
        """The runner's own verdict on the staged file."""
        if self._change and self._change.new.content is not None and self._version >= LINT_SINCE:
            staged = staged_path(self._change.new.spec.path, sha256(self._change.new.content))
            yield run(30, "gitlab-runner", "lint", "--config", staged)

    def reload(self, number: int) -> Iterator[Step]:
        """The process stays, and is shown to have loaded the file; its page is still the old one."""
        yield owe(NAME, Verb.RELOAD, number, self._unit.invocation)
        yield self._old.mark(same_process=True)
        yield from self._swap()
        yield run(10, "systemctl", "kill", "-s", "HUP", "--kill-who=main", UNIT)
        yield self._new.proof(self._policy, str(self._unit.pid))
        yield from self._is_there()
        yield Step("strike", (NAME,))

    def reload_back(self) -> Iterator[Step]:
        """The old file, loaded by the same process; one that died of the new file is started."""
        yield self._old.mark(same_process=True)
        yield from self._swap_back()
        yield run(30, "sh", "-c", LOAD_OR_START, "sh", UNIT)
        yield self._old.proof(self._policy)
        yield settle_debt(NAME, self._have.owes(NAME))

    def restart(self, number: int) -> Iterator[Step]:
        """To rest if it is not, the file, and back."""
        yield owe(NAME, Verb.RESTART, number, self._unit.invocation)
        if self.active:
            yield from rest(self._have, self._policy)
        else:  # the unit's wait before its next start would hold back ours, for two minutes where systemd is older than 254
            yield run(30, "systemctl", "stop", UNIT)
        yield from self.come_back()

    def restart_back(self) -> Iterator[Step]:
        """The old file; running again once its last job has ended, or stopped as it was."""
        yield from self._swap_back()
        if self.active:
            yield from self.return_back()
        else:
            yield return_later("stop")
            yield settle_debt(NAME, self._have.owes(NAME))

    def come_back(self) -> Iterator[Step]:
        """From rest, with the new file."""
        yield from self._swap()
        yield from start(self._new)
        yield self._new.proof(self._policy)
        yield from self._is_there()
        yield Step("strike", (NAME,))

    def rest_again(self) -> Iterator[Step]:
        """The old file, at rest: the part that brought the runner there is undone next, and returns it."""
        yield from self._swap_back()
        yield from rest_again(self._have, self._policy, self._new)

    def return_back(self) -> Iterator[Step]:
        """Running with the file as it was, once the last job has ended."""
        yield self._old.mark(same_process=False)
        yield return_later("start")
        yield self._old.returned(self._policy)
        yield settle_debt(NAME, self._have.owes(NAME))

    def _swap(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            yield Step("swap", (path, sha256(self._change.old.content), sha256(self._change.new.content)))

    def _is_there(self) -> Iterator[Step]:
        """The file is read again: a runner that wrote it at that moment may have lost ours."""
        if self._change:
            yield written.is_there(self._change.new.spec.path, self._change.new.content)

    def _swap_back(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            if self._change.old.content is not None:
                yield written.taken_back(path, self._change.new.content)
            yield Step("swap", (path, sha256(self._change.new.content), sha256(self._change.old.content)))
