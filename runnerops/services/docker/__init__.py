"""The Docker daemon with its one file, `daemon.json`, which is loaded by a reload or a restart, depending on the keys.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runnerops.model.answers import Answers
from runnerops.model.common import Key, Tree, Value
from runnerops.model.facts import Facts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import FileSpec, Host, Policy, RenderedFile, Restored
from runnerops.model.plan import Action, Blocker, Change, Finding, KeyChange, Removal
from runnerops.model.steps import ActionSteps
from runnerops.services.base import ActionRequest, Adopted, ListeningPlace, RemovalRequest, Service
from runnerops.services.docker import format, observe


class Docker(Service):
    """The Docker daemon as a service. The module of a method is loaded when the method is first called."""

    NAME = format.NAME
    OBSERVE = observe.OBSERVE
    UNITS = (observe.UNIT,)

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        return format.files(host)

    def context(self, host: Host, spec: FileSpec, earlier_files: Sequence[RenderedFile]) -> Mapping[str, Any]:
        return format.context()

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        return format.parse(content)

    def dump(self, tree: Tree) -> bytes:
        return format.dump(tree)

    def free(self, key: Key) -> bool:
        from runnerops.services.docker.schema import free

        return free.free(key)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        from runnerops.services.docker import rules

        return rules.lint(files, facts)

    def listens(self, host: Host, files: Mapping[FileSpec, Tree]) -> Iterable[ListeningPlace]:
        from runnerops.services.docker.observe import listening

        return listening.listens(files)

    def questions(self, host: Host, rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        return observe.questions(rendered)

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        return observe.facts(facts, answers)

    def key_changes(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
        from runnerops.services.docker import diff

        return diff.key_changes(old, new)

    def counterpart(self, spec: FileSpec, key_change: KeyChange, old: Tree, new: Tree, base: Tree) -> Value:
        from runnerops.services.docker import diff

        return diff.counterpart(key_change, base)

    def reconcile(
        self, host: Host, rendered: Sequence[RenderedFile], observed: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
        from runnerops.services.docker import reconcile

        return reconcile.reconcile(host, rendered, observed)

    def remarks(
        self, host: Host, rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState
    ) -> Iterable[str]:
        from runnerops.services.docker import notes

        return notes.remarks(host, rendered, actions, observed)

    def restore(self, host: Host, files: Mapping[str, bytes | None]) -> Restored:
        from runnerops.services.docker.reconcile import restore

        return restore.restore(files)

    def remove(self, request: RemovalRequest) -> Removal | None:
        from runnerops.services.docker.reconcile import remove

        return remove.remove(request)

    def unsupported(self, host: Host, observed: HostState) -> Iterable[Blocker]:
        from runnerops.services.docker import blockers

        return blockers.unsupported(host, observed)

    def minimal_action(
        self, host: Host, changes: Sequence[Change], observed: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        from runnerops.services.docker.action import containers

        return containers.minimal_action(host, changes, observed, policy)

    def blockers(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
    ) -> Iterable[Blocker]:
        from runnerops.services.docker import blockers

        return blockers.blockers(host, changes, actions, observed, policy)

    def action_steps(self, request: ActionRequest) -> ActionSteps:
        from runnerops.services.docker import steps

        return steps.action_steps(request)

    def adopt(self, observed: HostState, answers: Answers) -> Adopted:
        from runnerops.services.docker import adopt

        return adopt.adopt(observed)


DOCKER = Docker()
