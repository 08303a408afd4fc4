"""The facts of one registry phase of a run: the caches it touches, how Compose is called, what answered before.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Verb
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.model.steps import Step
from runnerops.services.registry.action.compose import cannot_recreate
from runnerops.services.registry.action.reasons import compose_tree, upstream_silent
from runnerops.services.registry.caches import OwnCache, directory
from runnerops.services.registry.format import compose_spec
from runnerops.services.registry.observe.containers import own_containers, predecessor
from runnerops.services.shared.brought_up import PROJECT
from runnerops.services.steps import NOTHING, run

_ID = 12
"""How many digits of a container's id an intent contains."""

_BRING_UP = "start the caches"


@frozen
class ActionContext:
    """`caches` are those that the action touches, `forced` the names of those that are recreated by force."""

    host: Host
    action: Action
    changes: Sequence[Change]
    observed: HostState
    policy: Policy
    caches: tuple[OwnCache, ...]
    forced: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path of the Compose file."""
        return compose_spec(self.host).path

    @property
    def composed(self) -> Change | None:
        """The Compose file's change, if it changes."""
        return next((change for change in self.changes if change.new.spec.path == self.path), None)

    def compose(self, *argv: str, path: str = "") -> tuple[str, ...]:
        """A call of Compose for our project; `path` for a file that is only staged."""
        registry = self.observed.facts.registry
        assert registry
        place = directory(self.host)
        return (*registry.compose, "-p", PROJECT, "-f", path or self.path, "--project-directory", place, *argv)

    @property
    def tree(self) -> Tree:
        """The Compose file as it will be."""
        return compose_tree(self.host, self.changes, self.observed)

    @property
    def tree_before(self) -> Tree:
        """The Compose file as it is."""
        return compose_tree(self.host, (), self.observed)

    @property
    def removes_networks(self) -> bool:
        """Whether a top-level network changes: Compose 1 refuses that, 2.26 does not see it."""
        return self.composed is not None and any(
            key_change.key[0] == "networks" for key_change in self.composed.key_changes
        )

    def ups(self, forced: Sequence[str], all_names: Sequence[str] = (), only: Sequence[str] = ()) -> Iterator[Step]:
        """The steps that start these by force, recreate what differs and delete what is not wanted any more.

        `all_names`: all caches of the file; if all are forced, nothing else is left to do. `only`: no others than these.
        Force comes first, because a call without it fails if the network of a container does not exist any more.
        """
        if cannot_recreate(self.observed.facts):
            argv = self.compose("up", "-d", "--no-recreate", "--remove-orphans", *only)
            yield run(120, *argv, title=_BRING_UP)
            return
        if forced:
            argv = self.compose("up", "-d", "--remove-orphans", "--force-recreate", "--no-deps", *forced)
            yield run(120, *argv, title=f"recreate {', '.join(f'cache {name}' for name in forced)}")
        if not forced or set(forced) != set(all_names):
            yield run(120, *self.compose("up", "-d", "--remove-orphans", *only), title=_BRING_UP)

    @property
    def ids(self) -> str:
        """The containers of these caches, as an intent names them."""
        containers = own_containers(self.observed)
        ids = [containers[cache.name].id[:_ID] for cache in self.caches if cache.name in containers]
        return ",".join(ids) or NOTHING

    def ends(self, cache: OwnCache) -> bool:
        """Whether this run may stop a container whose upstream has not been checked yet."""
        if self.action.verb is Verb.VERIFY:
            return self.action.ends_with_docker  # and a cache needs its upstream to come up again
        container = own_containers(self.observed).get(cache.name) or predecessor(
            cache, self.observed, self.host.returned
        )
        registry = self.observed.facts.registry
        rendered = registry is not None and cache.name in registry.upstreams
        return container is not None and container.running and not rendered

    def answered(self, cache: OwnCache) -> bool:
        """Whether the cache answered at the observation."""
        registry = self.observed.facts.registry
        return registry is not None and registry.answers.get(cache.probe) is True

    def comes_later(self, cache: OwnCache) -> bool:
        """Whether the cache cannot start now, because its upstream does not answer, and the user has allowed that."""
        return "upstream-down" in self.policy.allow and upstream_silent(cache, self.observed)
