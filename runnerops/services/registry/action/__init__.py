"""What the caches must do for a change to take effect: `up -d`, a forced recreation, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.common import ServiceName, Verb
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services.registry.action.reasons import Reason, reasons_of
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.registry.format import NAME
from runnerops.services.registry.observe.containers import own_containers
from runnerops.services.registry.reconcile.remove import volumes


def minimal_action(
    host: Host, changes: Sequence[Change], observed: HostState, policy: Policy, before: Sequence[Action]
) -> Action | None:
    """`up -d` recreates what Compose sees to differ. Force is for what it cannot see. A restart of Docker is a reason
    too.
    """
    if NAME not in host.sections:
        return None
    reasons = reasons_of(host, changes, observed)
    if NAME in host.removed:
        because = ("removed",) if reasons else ("volumes go",) if policy.volumes and volumes(observed) else ()
        return _remove(host, because, observed) if because else None
    docker = next(
        (earlier for earlier in before if earlier.service is ServiceName.DOCKER and earlier.verb is Verb.RESTART), None
    )
    restart, new_store = docker is not None, docker is not None and docker.new_store and bool(own_caches(host))
    if new_store:
        reasons = [Reason(Verb.UP, "", "docker starts without it", "start"), *reasons]
    if not reasons and restart and own_caches(host):
        reasons = [Reason(Verb.VERIFY, "", "docker restarts", "")]
    if not reasons:
        return None
    verb = max(reason.verb for reason in reasons)
    operations = {reason.operation for reason in reasons}
    action = Action(
        NAME,
        verb,
        tuple(dict.fromkeys(reason.word for reason in reasons)),
        names=_names(reasons),
        operation="start" if new_store else operations.pop() if len(operations) == 1 else "",
        after_docker_restart=restart,
        ends_with_docker=docker is not None and _ends_with(docker, observed),
        new_store=new_store,
        ways=docker.ways if docker else frozenset(),
    )
    users = (name for cache in touched(host, action, changes, observed) for name in host.clients.get(cache.name, ()))
    return replace(action, used_by=tuple(dict.fromkeys(users)))


def _remove(host: Host, because: tuple[str, ...], observed: HostState) -> Action:
    users = (name for cache in host.caches if cache.host == host.name for name in host.clients.get(cache.name, ()))
    used_by = tuple(dict.fromkeys(users))
    return Action(NAME, Verb.UP, because, names=tuple(own_containers(observed)), operation="remove", used_by=used_by)


def _ends_with(docker: Action, observed: HostState) -> bool:
    """Whether a cache's container is among those that docker's restart ends, as docker's own action says."""
    ended = {name for kind, names in docker.containers.items() if kind != "keep_running" for name in names}
    return any(container.name in ended for container in own_containers(observed).values())


def _names(reasons: Sequence[Reason]) -> tuple[str, ...]:
    names = [reason.name for reason in reasons]
    return () if "" in names else tuple(dict.fromkeys(names))


def touched(host: Host, action: Action, changes: Sequence[Change], observed: HostState) -> tuple[OwnCache, ...]:
    """The caches that this action may recreate or, for VERIFY, that end with docker."""
    names = {reason.name for reason in reasons_of(host, changes, observed)}
    everything = not names or "" in names or action.verb is Verb.VERIFY or action.new_store
    return tuple(cache for cache in own_caches(host) if everything or cache.name in names)


def forced(host: Host, changes: Sequence[Change], observed: HostState) -> tuple[str, ...]:
    """By name, the caches that `up -d` alone would leave as they are."""
    reasons = [reason for reason in reasons_of(host, changes, observed) if reason.verb is Verb.RECREATE]
    everything = any(not reason.name for reason in reasons)
    names = {reason.name for reason in reasons}
    return tuple(cache.name for cache in own_caches(host) if everything or cache.name in names)
