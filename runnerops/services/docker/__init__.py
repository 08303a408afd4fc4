"""The Docker daemon: one file, `daemon.json`, loaded by a reload or by a restart, depending on the keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import Facts, HostState
from runnerops.model.inventory import Adopted, FileSpec, Host, Policy, RenderedFile
from runnerops.model.plan import Action, Change, Edit, Finding, Moves, Stop
from runnerops.services.base import Answers, Service
from runnerops.services.docker import format, observe


class Docker(Service):
    """The Docker daemon, as every command knows it; a method's module is loaded when it is first called."""

    NAME = format.NAME
    OBSERVE = observe.OBSERVE

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        return format.files(host)

    def context(self, host: Host, spec: FileSpec, done: Sequence[RenderedFile]) -> Mapping[str, Any]:
        return format.context()

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        return format.parse(content)

    def dump(self, spec: FileSpec, tree: Tree) -> bytes:
        return format.dump(tree)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        from runnerops.services.docker import rules

        return rules.lint(files, facts)

    def questions(self, host: Host, asked: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        return observe.questions(asked)

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        return observe.facts(facts, answers)

    def edits(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[Edit, ...]:
        from runnerops.services.docker import reconcile

        return reconcile.edits(old, new)

    def counterpart(self, spec: FileSpec, edit: Edit, old: Tree, new: Tree, base: Tree) -> Value:
        from runnerops.services.docker import reconcile

        return reconcile.counterpart(edit, base)

    def settle(
        self, host: Host, asked: Sequence[RenderedFile], have: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Stop, ...]]:
        from runnerops.services.docker import reconcile

        return reconcile.settle(host, asked, have)

    def remarks(
        self, host: Host, asked: Sequence[RenderedFile], actions: Sequence[Action], have: HostState
    ) -> Iterable[str]:
        from runnerops.services.docker import reconcile

        return reconcile.remarks(asked, have)

    def adopt(self, host: Host, files: Mapping[str, bytes | None]) -> Adopted:
        from runnerops.services.docker import restore

        return restore.adopt(files)

    def refusals(self, host: Host, have: HostState) -> Iterable[Stop]:
        from runnerops.services.docker import blockers

        return blockers.refusals(host, have)

    def choose(
        self, host: Host, changes: Sequence[Change], have: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        from runnerops.services.docker import containers

        return containers.choose(host, changes, have, policy)

    def stops(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], have: HostState, policy: Policy
    ) -> Iterable[Stop]:
        from runnerops.services.docker import blockers

        return blockers.stops(host, changes, actions, have, policy)

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
        from runnerops.services.docker import steps

        return steps.moves(host, action, changes, have, policy, run)


DOCKER = Docker()
