"""One registry part of a run, seen whole: the caches it touches, how Compose is called, what answered before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runnerops.model import Action, Change, Host, HostState, Policy, ServiceName, Verb
from runnerops.services.registry.caches import PROJECT, OwnCache, directory
from runnerops.services.registry.containers import ours
from runnerops.services.registry.document import compose_spec
from runnerops.services.steps import NOTHING

_ID = 12
"""Digits of a container's id that a record of what is owed keeps."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`caches` are those that the action touches."""

    host: Host
    action: Action
    changes: Sequence[Change]
    have: HostState
    policy: Policy
    caches: tuple[OwnCache, ...]

    @property
    def path(self) -> str:
        """The Compose file's."""
        return compose_spec(self.host).path

    @property
    def composed(self) -> Change | None:
        """The Compose file's change, if it changes."""
        return next((change for change in self.changes if change.new.spec.path == self.path), None)

    def compose(self, *argv: str, path: str = "") -> tuple[str, ...]:
        """A call of Compose on our project; `path` for a file that is only staged."""
        registry = self.have.facts.registry
        assert registry
        place = directory(self.host)
        return (*registry.compose, "-p", PROJECT, "-f", path or self.path, "--project-directory", place, *argv)

    @property
    def up(self) -> tuple[str, ...]:
        """The call that recreates what differs and takes away what is no longer wanted."""
        return self.compose("up", "-d", "--remove-orphans")

    @property
    def ids(self) -> str:
        """The containers of these caches, as a record of what is owed names them."""
        there = ours(self.have)
        found = [there[cache.name].id[:_ID] for cache in self.caches if cache.name in there]
        return ",".join(found) or NOTHING

    @property
    def ends_with_docker(self) -> bool:
        """Whether docker's restart ends the containers, which then need their upstream to come up again."""
        return self.host.sections.get(ServiceName.DOCKER, {}).get("live-restore") is not True

    def ends(self, cache: OwnCache) -> bool:
        """Whether this run may end a container whose upstream has not been asked yet; its stop tells of one that has."""
        if self.action.verb is Verb.PROVE:
            return self.ends_with_docker
        container, registry = ours(self.have).get(cache.name), self.have.facts.registry
        asked = registry is not None and cache.name in registry.upstreams
        return container is not None and container.running and not asked

    def answered(self, cache: OwnCache) -> bool:
        """Whether it answered when the host was observed."""
        registry = self.have.facts.registry
        return registry is not None and registry.answers.get(cache.probe) is True
