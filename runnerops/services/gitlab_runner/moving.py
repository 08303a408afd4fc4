"""The gitlab-runner part of a run: swap, load or restart, prove, and the way back. Pure.

gitlab-runner loads config.toml within 3 s of its swap, so for it the swap is the action; the signal only makes it sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runnerops.model import Action, Change, FileSpec, Host, HostState, Moves, Policy, RunnerFacts, Step, Tree, Verb
from runnerops.services.base import ParseError, sha256, staged_path
from runnerops.services.gitlab_runner.choice import RUNNING
from runnerops.services.gitlab_runner.document import NAME, parse
from runnerops.services.gitlab_runner.merge import config_path
from runnerops.services.gitlab_runner.scripts import (
    CURSOR,
    DRAIN,
    LOAD_OR_START,
    LOADED,
    RESET,
    REST,
    RETURN,
    RETURN_LATER,
)
from runnerops.services.steps import owe, run, settle_debt, wait

UNIT = "gitlab-runner"
LOAD_SECONDS = 20
LINT_SINCE = (19, 3)

QUIET_LEVELS = frozenset({"warn", "warning", "error", "fatal", "panic"})


def moves(
    host: Host,  # noqa: ARG001
    action: Action,
    changes: Sequence[Change],
    have: HostState,
    policy: Policy,
    run: int,
    paused: bool,
) -> Moves:
    """Guarded by the life of the process; judged by `gitlab-runner lint` where the host's version has it."""
    runner = have.facts.runner
    assert runner
    change = changes[0] if changes else None
    active = runner.unit.active == RUNNING
    part = _Part(change, runner, active, policy, have)
    if action.verb is Verb.RELOAD and active and not paused:
        todo, undo = part.reload(run), part.reload_back()
    else:
        todo, undo = part.restart(action.verb, run, paused=paused), part.restart_back(paused=paused)
    return Moves(
        guard=tuple(_guard(runner, active)), judge=tuple(_judge(change, runner)), todo=tuple(todo), undo=tuple(undo)
    )


def pause(have: HostState, policy: Policy) -> Moves:
    """To rest without losing a job: no new ones are taken, and the process ends with its last."""
    runner = have.facts.runner
    if runner is None or runner.unit.active != RUNNING:
        return Moves()
    number = have.last.number + 1 if have.last else 1
    todo = (owe(NAME, Verb.RESTART, number, runner.unit.invocation), *_rest(policy))
    undo = (run(10, "sh", "-c", RETURN_LATER, "sh", UNIT, RETURN), settle_debt(NAME, have.owes(NAME)))
    return Moves(todo=todo, undo=undo)


def resume(have: HostState, policy: Policy, run: int) -> Moves:  # noqa: ARG001
    """Back, where the runner has no change of its own."""
    return Moves(todo=(*_start(), *_proof("any", _level(_wanted(None, have)), policy), Step("strike", (NAME,))))


def _rest(policy: Policy) -> Iterator[Step]:
    """`stop` ends the packaged unit's wait of 120 s before it starts again; until then that wait is the safety net."""
    if policy.kill_jobs:
        yield run(90, "systemctl", "stop", UNIT)
        return
    yield run(10, "systemctl", "kill", "-s", "QUIT", "--kill-who=main", UNIT)
    yield wait(policy.drain_s, "=gone", "sh", "-c", DRAIN, "sh", UNIT)
    yield run(30, "systemctl", "stop", UNIT)


def _start() -> Iterator[Step]:
    yield run(10, "sh", "-c", CURSOR, "sh", UNIT)
    yield run(10, "sh", "-c", RESET, "sh", UNIT)
    yield run(30, "systemctl", "start", UNIT)


def _proof(pid: str, level: str, policy: Policy) -> Iterator[Step]:
    yield wait(max(LOAD_SECONDS, policy.prove_s), "=loaded", "sh", "-c", LOADED, "sh", UNIT, pid, level)


def _guard(runner: RunnerFacts, active: bool) -> Iterator[Step]:
    yield Step("guard", (runner.unit.active, "systemctl", "is-active", UNIT))
    if active:
        yield Step("guard", (str(runner.unit.pid), "systemctl", "show", "-p", "MainPID", "--value", UNIT))


def _judge(change: Change | None, runner: RunnerFacts) -> Iterator[Step]:
    found = re.match(r"v?(\d+)\.(\d+)", runner.version)
    if change and change.new.content is not None and found and (int(found[1]), int(found[2])) >= LINT_SINCE:
        staged = staged_path(change.new.spec.path, sha256(change.new.content))
        yield run(30, "gitlab-runner", "lint", "--config", staged)


class _Part:
    """One part, seen whole: the file's change, if there is one, and the process as it is."""

    def __init__(
        self, change: Change | None, runner: RunnerFacts, active: bool, policy: Policy, have: HostState
    ) -> None:
        self._change = change
        self._runner = runner
        self._active = active
        self._policy = policy
        self._have = have
        self._new = _level(_wanted(change, have))
        self._old = _level(_tree(change.old.content) if change else {})

    def reload(self, number: int) -> Iterator[Step]:
        """The process stays, and is shown to have loaded the file."""
        yield owe(NAME, Verb.RELOAD, number, self._runner.unit.invocation)
        yield run(10, "sh", "-c", CURSOR, "sh", UNIT)
        yield from self._swap()
        yield run(10, "systemctl", "kill", "-s", "HUP", "--kill-who=main", UNIT)
        # the old level may hide what the new one would show, and the other way round
        yield from _proof(
            str(self._runner.unit.pid), "quiet" if "quiet" in {self._new, self._old} else "info", self._policy
        )
        yield Step("strike", (NAME,))

    def reload_back(self) -> Iterator[Step]:
        """The old file, loaded by the same process; one that died of the new file is started."""
        yield run(10, "sh", "-c", CURSOR, "sh", UNIT)
        yield from self._swap_back()
        yield run(30, "sh", "-c", LOAD_OR_START, "sh", UNIT)
        yield run(10, "rm", "-f", "polled")
        yield from _proof("any", "quiet", self._policy)
        yield settle_debt(NAME, self._have.owes(NAME))

    def restart(self, verb: Verb, number: int, *, paused: bool) -> Iterator[Step]:
        """To rest if it is not, the file, and back."""
        if not paused:
            yield owe(NAME, max(verb, Verb.RESTART), number, self._runner.unit.invocation)
            if self._active:
                yield from _rest(self._policy)
        yield from self._swap()
        yield from _start()
        yield from _proof("any", self._new, self._policy)
        yield Step("strike", (NAME,))

    def restart_back(self, *, paused: bool) -> Iterator[Step]:
        """The old file; running again once its last job has ended, or stopped as it was.

        A runner that an earlier part brought to rest goes back there: that part's own way back comes next, then it runs.
        """
        yield from self._swap_back()
        if paused:
            if not self._policy.kill_jobs:
                yield run(10, "sh", "-c", REST, "sh", UNIT)
                yield wait(self._policy.drain_s, "=gone", "sh", "-c", DRAIN, "sh", UNIT)
            yield run(90, "systemctl", "stop", UNIT)
            return
        if self._active:
            yield run(10, "sh", "-c", RETURN_LATER, "sh", UNIT, RETURN)
        else:
            yield run(90, "systemctl", "stop", UNIT)
        yield settle_debt(NAME, self._have.owes(NAME))

    def _swap(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            yield Step("swap", (path, sha256(self._change.old.content), sha256(self._change.new.content)))

    def _swap_back(self) -> Iterator[Step]:
        if self._change:
            path = self._change.new.spec.path
            yield Step("swap", (path, sha256(self._change.new.content), sha256(self._change.old.content)))


def _wanted(change: Change | None, have: HostState) -> Tree:
    return _tree(change.new.content if change else have.file(config_path(have)).content)


def _tree(content: bytes | None) -> Tree:
    try:
        return parse(FileSpec(NAME, "", "", "toml"), content or b"")
    except ParseError:
        return {}


def _level(tree: Tree) -> str:
    """Whether the log tells that a file was loaded: it says so at level info."""
    return "quiet" if str(tree.get("log_level", "")).lower() in QUIET_LEVELS else "info"
