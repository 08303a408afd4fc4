"""One docker phase of a run, seen whole: the file before and after, the daemon as it is, what is to be verified. Pure."""

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
"""Prints what `loaded_text` gives; no mirrors are `[]` or `null` in JSON, by version, and nothing here."""

OBSERVABLE = ("registry-mirrors", "live-restore")
"""Keys whose loaded value the daemon tells."""


@frozen
class ActionContext:
    """`change` is None where only what is loaded, or an intent, makes the daemon act."""

    host: Host
    action: Action
    change: Change | None
    observed: HostState
    policy: Policy
    docker: DockerFacts

    @property
    def up(self) -> bool:
        """Whether the daemon ran when the host was observed."""
        return running(self.docker)

    @property
    def desired(self) -> Tree:
        """The file's tree as it will be."""
        return desired_tree((self.change,) if self.change else (), self.observed)

    @property
    def old(self) -> Tree:
        """The file's tree as it is."""
        return tree_of(self.observed.file(path_of(self.observed)).content)

    @property
    def restarts(self) -> bool:
        """Whether a daemon that runs is restarted."""
        return self.action.verb is Verb.RESTART and self.up

    @property
    def changed(self) -> frozenset[str]:
        """The keys of the file whose meaning changes, those that come and those that go alike; flags of the unit apart."""
        key_changes = self.change.key_changes if self.change else ()
        return frozenset(str(key_change.key[0]) for key_change in key_changes) - flags(self.docker)

    @property
    def remakes_bridge(self) -> bool:
        """Whether the default network is to be made anew, which dockerd does only while no container runs.

        A bip that an earlier restart could not give it counts too.
        """
        if self.change is None or not own_bridge(self.desired):
            return False
        return self.moves_bridge or bool(self.changed & REMAKES_BRIDGE - MOVES_BRIDGE)

    @property
    def moves_bridge(self) -> bool:
        """Whether docker0 gets another address."""
        known = bool(self.docker.bridge) or "bip" in self.changed
        return self.frees_bridge or (bool(self.bip) and known and self.bip != self.docker.bridge)

    @property
    def frees_bridge(self) -> bool:
        """Whether docker0 has to go, since dockerd without `bip` keeps the address that it finds there."""
        meant = bool(self.changed & MOVES_BRIDGE) and own_bridge(self.desired) and not self.bip
        return meant and bool(self.docker.bridge) and self.docker.bridge != first_address(self.desired)

    @property
    def bip(self) -> str:
        """The address that the file wants for the bridge; empty where it wants none."""
        return str(self.desired.get("bip") or "").partition("/")[0]

    @property
    def switches(self) -> tuple[Difference, ...]:
        """What makes images and containers vanish: the daemon starts, and comes up with another store than it has."""
        return differences(self.old, self.desired, self.docker) if self.action.verb is Verb.RESTART else ()

    @property
    def ends_containers(self) -> bool:
        """Whether no container may outlive the restart: it would hold the old bridge, or run on with nobody to see it."""
        return self.restarts and (self.remakes_bridge or bool(self.switches))

    @property
    def live_restore_is_flag(self) -> bool:
        """Whether the unit gives live-restore, on or off: then no file may name it, and only the unit changes it."""
        return self._flag("live-restore")

    @property
    def drops_live_restore(self) -> bool:
        """Whether live-restore must be unloaded first, so that containers end with the old process."""
        return self.ends_containers and self.docker.live_restore is True and not self.live_restore_is_flag

    @property
    def holds_containers(self) -> bool:
        """Whether they outlive the restart though none may: by a live-restore that a run cannot unload."""
        return self.ends_containers and self.docker.live_restore is True and self.live_restore_is_flag

    @property
    def sets_live_restore(self) -> bool:
        """Whether live-restore must be loaded first, or the old process would end the containers."""
        rendered = self.desired.get("live-restore") is True and self.docker.live_restore is not True
        return self.restarts and rendered and not self.ends_containers and not self.docker.swarm

    @property
    def keeps_containers(self) -> bool:
        """Whether running containers outlive the action: live-restore must hold in the old process and in the new."""
        by_flag = self.docker.live_restore is True
        after = by_flag if self.live_restore_is_flag else self.desired.get("live-restore") is True
        return not self.restarts or self.holds_containers or (after and not self.ends_containers)

    @property
    def new_mirrors(self) -> tuple[str, ...]:
        """Mirrors that this host has neither in its file nor loaded; not its own caches, nor a container that this run
        starts again, which are verified in the phase of the caches, where they have one.
        """
        known = {*wanted_mirrors(self.old), *(self.docker.mirrors or ())}
        caches = self.host.caches if brings_caches(self.host) else ()
        own = mirrors_of([cache.url for cache in caches if cache.host == self.host.name])
        new = (url for url in wanted_mirrors(self.desired) if url not in known and url not in own)
        return tuple(url for url in new if not brings_up(url, self.host, self.observed))

    def with_keys(self, base: Tree, keys: Mapping[str, Value]) -> bytes:
        """A file between two others: `base` with some keys written out."""
        return text_of({**base, **keys})

    @property
    def unloads_live_restore(self) -> Tree:
        """What a file needs for dockerd to come to it without live-restore; nothing where only the unit says so."""
        return {} if self.live_restore_is_flag else {"live-restore": False}

    def forgotten(self) -> Mapping[str, Value]:
        """Keys that the new file brought and that the old one lacks, with the values they had before: they stick."""
        before = self._loaded()
        found = {key.name: before.get(key.name, key.neutral) for key in STICKY if key.name not in self.old}
        return {name: value for name, value in found.items() if value is not None and self._brought(name, value)}

    def stuck(self) -> Tree:
        """Keys that stay loaded when they are only taken out of the file, with the values that unload them."""
        return sticking(self.desired, self.old, loaded(self.docker), flags(self.docker))

    def loaded_after(self) -> str | None:
        """What `LOADED` prints when the new file is loaded; None where that cannot be known."""
        forgets = self.action.verb is Verb.RESTART or self.change is not None
        return self._text(self.desired, {} if forgets else self._loaded())

    def loaded_before(self) -> str | None:
        """The same for the old file after a rollback."""
        before = self._loaded()
        if not self.restarts:
            return self._text(self.old, before)
        text = self._text(self.old, {})
        return text if text == self._text({}, before) else None

    def loaded_now(self) -> str | None:
        """The same for what is loaded now; None where the daemon did not say."""
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
    """The scene of this action; a change without edits is among `changes` too, for its mode or owner."""
    docker = observed.facts.docker
    assert docker
    return ActionContext(host, action, changes[0] if changes else None, observed, policy, docker)
