"""Pull-through caches: one container a cache, run by Compose under a project of ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runnerops.model.common import Key, Tree, Value
from runnerops.model.host_state import Facts, HostState
from runnerops.model.inventory import Adopted, FileSpec, Host, Policy, RenderedFile
from runnerops.model.plan import Action, Change, Edit, Finding, Moves, Stop
from runnerops.services.base import Answers, Service
from runnerops.services.registry import format, observe


class Registry(Service):
    """Pull-through caches, as every command knows it; a method's module is loaded when it is first called."""

    NAME = format.NAME
    OBSERVE = observe.OBSERVE

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        return format.files(host)

    def context(self, host: Host, spec: FileSpec, done: Sequence[RenderedFile]) -> Mapping[str, Any]:
        return format.context(host, spec, done)

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        return format.parse(content)

    def dump(self, spec: FileSpec, tree: Tree) -> bytes:
        return format.dump(tree)

    def secret(self, spec: FileSpec, key: Key, value: Value) -> bool:
        return format.secret(key)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        from runnerops.services.registry import rules

        return rules.lint(files, facts)

    def questions(self, host: Host, asked: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        return observe.questions(host, asked)

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        return observe.facts(facts, answers)

    def edits(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[Edit, ...]:
        from runnerops.services.registry import reconcile

        return reconcile.edits(spec, old, new)

    def counterpart(self, spec: FileSpec, edit: Edit, old: Tree, new: Tree, base: Tree) -> Value:
        from runnerops.services.registry import reconcile

        return reconcile.counterpart(spec, edit, base)

    def settle(
        self, host: Host, asked: Sequence[RenderedFile], have: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Stop, ...]]:
        from runnerops.services.registry import reconcile

        return reconcile.settle(host, asked, have)

    def remarks(
        self, host: Host, asked: Sequence[RenderedFile], actions: Sequence[Action], have: HostState
    ) -> Iterable[str]:
        from runnerops.services.registry import notes

        return notes.remarks(host, actions, have)

    def adopt(self, host: Host, files: Mapping[str, bytes | None]) -> Adopted:
        from runnerops.services.registry import restore

        return restore.adopt(host, files)

    def refusals(self, host: Host, have: HostState) -> Iterable[Stop]:
        from runnerops.services.registry import blockers

        return blockers.refusals(host, have)

    def choose(
        self, host: Host, changes: Sequence[Change], have: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        from runnerops.services.registry import action

        return action.choose(host, changes, have, before)

    def stops(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], have: HostState, policy: Policy
    ) -> Iterable[Stop]:
        from runnerops.services.registry import blockers

        return blockers.stops(host, changes, actions, have)

    def moves(
        self,
        host: Host,
        action: Action,
        changes: Sequence[Change],
        have: HostState,
        policy: Policy,
        run: int,
        paused: bool,
    ) -> Moves:
        from runnerops.services.registry import steps

        return steps.moves(host, action, changes, have, policy, run)


REGISTRY = Registry()
