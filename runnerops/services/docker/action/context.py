"""The facts of one docker phase of a run: the file before and after, the state of the daemon, what is to be verified.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value, Verb
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services.docker.action import desired_tree
from runnerops.services.docker.action.effects import MOVES_BRIDGE, REMAKES_BRIDGE, first_address, own_bridge
from runnerops.services.docker.action.store import Difference, differences
from runnerops.services.docker.diff import differ, flags, loaded, path_of, sticking, tree_of
from runnerops.services.docker.format import text_of
from runnerops.services.docker.schema import STICKY, mirrors_of, wanted_mirrors
from runnerops.services.shared.brought_up import brings_up
from runnerops.services.shared.daemon import running
from runnerops.services.shared.left_out import brings_caches

LOADED = "{{range .RegistryConfig.Mirrors}}{{.}} {{end}}{{.LiveRestoreEnabled}}"
"""Prints the text of `loaded_text`. Without mirrors, versions print `[]` or `null` as JSON; this prints nothing then.
"""

OBSERVABLE = ("registry-mirrors", "live-restore")
"""Keys whose loaded value the daemon tells."""


@frozen
class ActionContext:
    """`change` is None if the daemon acts only because of what is loaded, or because of an intent."""

    host: Host
    action: Action
    change: Change | None
    observed: HostState
    policy: Policy
    docker: DockerFacts

    @property
    def up(self) -> bool:
        """Whether the daemon was running at the observation."""
        return running(self.docker)

    @property
    def desired(self) -> Tree:
        """The tree of the file after the change."""
        return desired_tree((self.change,) if self.change else (), self.observed)

    @property
    def old(self) -> Tree:
        """The tree of the file before the change."""
        return tree_of(self.observed.file(path_of(self.observed)).content)

    @property
    def restarts(self) -> bool:
        """Whether a running daemon is restarted."""
        return self.action.verb is Verb.RESTART and self.up

    @property
    def changed(self) -> frozenset[str]:
        """The keys of the file whose meaning changes, including added and removed ones, but without
        flags of the unit.
        """
        key_changes = self.change.key_changes if self.change else ()
        return frozenset(str(key_change.key[0]) for key_change in key_changes) - flags(self.docker)

    @property
    def remakes_bridge(self) -> bool:
        """Whether the default network must be created again, which dockerd does only while no container runs.

        This includes a bip that an earlier restart could not set.
        """
        if self.change is None or not own_bridge(self.desired):
            return False
        return self.moves_bridge or bool(self.changed & REMAKES_BRIDGE - MOVES_BRIDGE)

    @property
    def moves_bridge(self) -> bool:
        """Whether docker0 gets another address."""
        is_known = bool(self.docker.bridge) or "bip" in self.changed
        return self.frees_bridge or (bool(self.bip) and is_known and self.bip != self.docker.bridge)

    @property
    def frees_bridge(self) -> bool:
        """Whether docker0 must be deleted, because dockerd without `bip` keeps the address that it finds there."""
        is_meant = bool(self.changed & MOVES_BRIDGE) and own_bridge(self.desired) and not self.bip
        return is_meant and bool(self.docker.bridge) and self.docker.bridge != first_address(self.desired)

    @property
    def bip(self) -> str:
        """The address that the file sets for the bridge; empty if it sets none."""
        return str(self.desired.get("bip") or "").partition("/")[0]

    @property
    def switches(self) -> tuple[Difference, ...]:
        """Reasons why images and containers disappear: the daemon starts with another store than it has now."""
        return differences(self.old, self.desired, self.docker) if self.action.verb is Verb.RESTART else ()

    @property
    def ends_containers(self) -> bool:
        """Whether no container may outlive the restart. It would keep the old bridge in use, or run without being
        visible.
        """
        return self.restarts and (self.remakes_bridge or bool(self.switches))

    @property
    def live_restore_is_flag(self) -> bool:
        """Whether the unit sets live-restore, on or off. Then no file may name it, and only the unit can change it."""
        return self._flag("live-restore")

    @property
    def drops_live_restore(self) -> bool:
        """Whether live-restore must be unloaded first, so that containers end with the old process."""
        return self.ends_containers and self.docker.live_restore is True and not self.live_restore_is_flag

    @property
    def holds_containers(self) -> bool:
        """Whether containers outlive the restart although none may, because a run cannot unload live-restore."""
        return self.ends_containers and self.docker.live_restore is True and self.live_restore_is_flag

    @property
    def sets_live_restore(self) -> bool:
        """Whether live-restore must be loaded first, because the old process would otherwise end the containers."""
        rendered = self.desired.get("live-restore") is True and self.docker.live_restore is not True
        return self.restarts and rendered and not self.ends_containers and not self.docker.swarm

    @property
    def keeps_containers(self) -> bool:
        """Whether running containers outlive the action. For this, live-restore must be on in the old and in the new
        process.
        """
        by_flag = self.docker.live_restore is True
        after = by_flag if self.live_restore_is_flag else self.desired.get("live-restore") is True
        return not self.restarts or self.holds_containers or (after and not self.ends_containers)

    @property
    def new_mirrors(self) -> tuple[str, ...]:
        """Mirrors that are neither in the host's file nor loaded. Without the host's own caches and containers that
        this run starts again: the phase of the caches verifies these, if there is one.
        """
        known_mirrors = {*wanted_mirrors(self.old), *(self.docker.mirrors or ())}
        caches = self.host.caches if brings_caches(self.host) else ()
        own_mirrors = mirrors_of([cache.url for cache in caches if cache.host == self.host.name])
        new = (url for url in wanted_mirrors(self.desired) if url not in known_mirrors and url not in own_mirrors)
        return tuple(url for url in new if not brings_up(url, self.host, self.observed))

    def with_keys(self, base: Tree, keys: Mapping[str, Value]) -> bytes:
        """A file between two others: `base` with some keys written out."""
        return text_of({**base, **keys})

    @property
    def unloads_live_restore(self) -> Tree:
        """Keys with which dockerd turns live-restore off; nothing if only the unit sets it."""
        return {} if self.live_restore_is_flag else {"live-restore": False}

    def forgotten(self) -> Mapping[str, Value]:
        """Sticky keys that the new file brought and that the old one lacks, with the values they had before."""
        before = self._loaded()
        values = {key.name: before.get(key.name, key.neutral) for key in STICKY if key.name not in self.old}
        return {name: value for name, value in values.items() if value is not None and self._brought(name, value)}

    def stuck(self) -> Tree:
        """Keys that stay loaded when they are removed from the file, with the values that unload them."""
        return sticking(self.desired, self.old, loaded(self.docker), flags(self.docker))

    def loaded_after(self) -> str | None:
        """What `LOADED` prints when the new file is loaded; None if that cannot be known."""
        forgets = self.action.verb is Verb.RESTART or self.change is not None
        return self._text(self.desired, {} if forgets else self._loaded())

    def loaded_before(self) -> str | None:
        """What `LOADED` prints when the old file is loaded after a rollback."""
        before = self._loaded()
        if not self.restarts:
            return self._text(self.old, before)
        text = self._text(self.old, {})
        return text if text == self._text({}, before) else None

    def loaded_now(self) -> str | None:
        """What `LOADED` prints now; None if the daemon did not answer."""
        return self._text({}, self._loaded()) if self._loaded() else None

    def _text(self, tree: Tree, otherwise: Mapping[str, Value]) -> str | None:
        if self._flag("live-restore") or self._flag("registry-mirrors"):
            otherwise = self._loaded()
            if not otherwise:
                return None
        values: dict[str, Value] = {**otherwise, **{name: tree[name] for name in OBSERVABLE if name in tree}}
        live_restore = "true" if values.get("live-restore") is True else "false"
        return " ".join((*mirrors_of(values.get("registry-mirrors")), live_restore))

    def _loaded(self) -> Tree:
        mirrors, live_restore = self.docker.mirrors, self.docker.live_restore
        return {} if mirrors is None else {"registry-mirrors": list(mirrors), "live-restore": live_restore}

    def _flag(self, name: str) -> bool:
        return name in flags(self.docker)

    def _brought(self, name: str, before: Value) -> bool:
        if name not in self.desired:
            return False
        after = self.desired[name]
        return differ({name: before}, {name: after})


def scene(host: Host, action: Action, changes: Sequence[Change], observed: HostState, policy: Policy) -> ActionContext:
    """Makes the context of this action. `changes` includes a change of mode or owner only."""
    docker = observed.facts.docker
    assert docker
    return ActionContext(host, action, changes[0] if changes else None, observed, policy, docker)
