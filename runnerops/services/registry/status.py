"""The status of the caches on a host. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.answers import Answers
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.registry.format import NAME, is_our_file
from runnerops.services.registry.observe.containers import own_containers
from runnerops.services.registry.verify import VERIFY as FUNCTIONS
from runnerops.services.registry.verify.space import space_of, space_questions
from runnerops.services.shared.daemon import docker_answers
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Call

__all__ = ["FUNCTIONS", "inquiries", "status"]


def inquiries(host: Host) -> Sequence[Call]:
    """Asks how much free space the volumes of its caches have."""
    return tuple(space_questions(own_caches(host)))


def status(host: Host, observed: HostState, answers: Answers) -> ServiceStatus | None:
    """The state of each cache's container, and whether it answers."""
    managed, registry = NAME in host.sections, observed.facts.registry
    applied = (path for path in observed.applied if observed.holds_ours(path) and is_our_file(path))
    leftover_paths = () if managed else tuple(applied)
    if not managed:
        if not leftover_paths:
            return None
        running = sum(container.running for container in own_containers(observed).values())
        return ServiceStatus(NAME, managed, "", f"{running} up", True, tuple(_leftover(observed)), leftover_paths)
    caches = own_caches(host)
    up = [cache for cache in caches if _up(cache, observed)]
    state = f"{len(up)} of {len(caches)} up"
    version = f"Compose {registry.compose_version}" if registry and registry.compose_version else ""
    rooms = [space_of(cache, answers) for cache in caches]
    details = (
        f"{_words(cache, observed)}{f', {room.text}' if room else ''}"
        for cache, room in zip(caches, rooms, strict=True)
    )
    healthy = len(up) == len(caches) and not any(room.scarce for room in rooms if room)
    return ServiceStatus(
        NAME, managed, version, state, healthy, (*details, *_leftover(observed, caches)), leftover_paths
    )


def _up(cache: OwnCache, observed: HostState) -> bool:
    container, registry = own_containers(observed).get(cache.name), observed.facts.registry
    answers = registry is not None and registry.answers.get(cache.probe) is True
    return answers and container is not None and container.running


def _words(cache: OwnCache, observed: HostState) -> str:
    container, registry = own_containers(observed).get(cache.name), observed.facts.registry
    if not docker_answers(observed):
        return f"{cache.name}: docker does not answer"
    if container is None:
        return f"{cache.name}: no container"
    if not container.running:
        return f"{cache.name}: {container.image}, stopped"
    answers = registry is not None and registry.answers.get(cache.probe) is True
    return f"{cache.name}: {container.image} {'answers' if answers else 'does not answer'} on {cache.listen}"


def _leftover(observed: HostState, caches: tuple[OwnCache, ...] = ()) -> Iterator[str]:
    cache_names = {cache.name for cache in caches}
    yield from (
        f"{name}: a container without a cache in the inventory"
        for name in own_containers(observed)
        if name not in cache_names
    )
