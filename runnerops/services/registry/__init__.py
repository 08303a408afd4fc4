"""Pull-through caches, one container each. Compose runs them in a project of runnerops. Pure."""

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
from runnerops.services.registry import format, observe
from runnerops.services.registry.format import reading


class Registry(Service):
    """Pull-through caches, as every command knows it; a method's module is loaded when it is first called."""

    NAME = format.NAME
    OBSERVE = observe.OBSERVE
    ADOPT_QUESTIONS = observe.ADOPT_QUESTIONS

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        return format.files(host)

    def context(self, host: Host, spec: FileSpec, earlier_files: Sequence[RenderedFile]) -> Mapping[str, Any]:
        return format.context(host, spec, earlier_files)

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        compose = spec.template == format.COMPOSE_TEMPLATE
        return reading.parse(content, strict=compose, compose=compose)

    def layered(self, spec: FileSpec) -> bool:
        return spec.template == format.COMPOSE_TEMPLATE

    def dump(self, tree: Tree) -> bytes:
        return format.dump(tree)

    def free(self, key: Key) -> bool:
        from runnerops.services.registry.schema import free

        return free.free(key)

    def source_keys(self, host: Host, spec: FileSpec, key: Key) -> tuple[Key, ...]:
        from runnerops.services.registry.format import sources

        return sources.source_keys(host, spec, key)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        from runnerops.services.registry import rules

        return rules.lint(files, facts)

    def listens(self, host: Host, files: Mapping[FileSpec, Tree]) -> Iterable[ListeningPlace]:
        from runnerops.services.registry import caches

        return caches.listens(host)

    def questions(self, host: Host, rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        return observe.questions(host, rendered)

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        return observe.facts(facts, answers)

    def key_changes(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
        from runnerops.services.registry import diff

        return diff.key_changes(spec, old, new)

    def counterpart(self, spec: FileSpec, key_change: KeyChange, old: Tree, new: Tree, base: Tree) -> Value:
        from runnerops.services.registry import diff

        return diff.counterpart(spec, key_change, base)

    def reconcile(
        self, host: Host, rendered: Sequence[RenderedFile], observed: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
        from runnerops.services.registry import reconcile

        return reconcile.reconcile(host, rendered, observed)

    def remarks(
        self, host: Host, rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState
    ) -> Iterable[str]:
        from runnerops.services.registry import notes

        return notes.remarks(host, actions, observed)

    def restore(self, host: Host, files: Mapping[str, bytes | None]) -> Restored:
        from runnerops.services.registry.reconcile import restore

        return restore.restore(host, files)

    def remove(self, request: RemovalRequest) -> Removal | None:
        from runnerops.services.registry.reconcile import remove

        return remove.remove(request)

    def unsupported(self, host: Host, observed: HostState) -> Iterable[Blocker]:
        from runnerops.services.registry import blockers

        return blockers.unsupported(host, observed)

    def minimal_action(
        self, host: Host, changes: Sequence[Change], observed: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        from runnerops.services.registry import action

        return action.minimal_action(host, changes, observed, policy, before)

    def blockers(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
    ) -> Iterable[Blocker]:
        from runnerops.services.registry import blockers

        return blockers.blockers(host, changes, actions, observed)

    def action_steps(self, request: ActionRequest) -> ActionSteps:
        from runnerops.services.registry import steps

        return steps.action_steps(request)

    def adopt(self, observed: HostState, answers: Answers) -> Adopted:
        from runnerops.services.registry import adopt

        return adopt.adopt(observed, answers)


REGISTRY = Registry()
