"""The containers of a host from the view of caches: our own, and those that are in the way. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from runnerops.model.facts import Container
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.registry.caches import OwnCache
from runnerops.services.shared.brought_up import PROJECT, PROJECT_LABEL, ports_coming_back
from runnerops.services.shared.daemon import docker_answers
from runnerops.services.shared.listeners import overlap, split

_SERVICE = "com.docker.compose.service"
_SWARM = "com.docker.swarm.service.id"
_FILES = "com.docker.compose.project.config_files"


def own_containers(observed: HostState) -> Mapping[str, Container]:
    """The containers of our project by the name of their cache; of two, the one that runs."""
    docker = observed.facts.docker
    our_containers = [
        container
        for container in (docker.containers if docker else ())
        if container.labels.get(PROJECT_LABEL) == PROJECT
    ]
    return {
        container.labels.get(_SERVICE, container.name): container
        for container in sorted(our_containers, key=lambda container: container.running)
    }


def twins(name: str, observed: HostState) -> bool:
    """Whether a cache has more than one container: Compose 1 and 2 name theirs differently."""
    docker = observed.facts.docker
    our_containers = [
        container
        for container in (docker.containers if docker else ())
        if container.labels.get(PROJECT_LABEL) == PROJECT
    ]
    return sum(container.labels.get(_SERVICE) == name for container in our_containers) > 1


def holder_of(cache: OwnCache, observed: HostState) -> str:
    """Names another program that holds this cache's port; empty if the port is free, or ours."""
    docker, registry = observed.facts.docker, observed.facts.registry
    for container in docker.containers if docker else ():
        if container.running and overlap(container.ports, cache.address, cache.port):
            if container.labels.get(PROJECT_LABEL) == PROJECT:
                return ""
            files = container.labels.get(_FILES, "")
            return f"container {container.name}" + (f" (of {files})" if files else "")
    for listener, process in (registry.listeners if registry else {}).items():
        left_over = process == "docker-proxy" and not docker_answers(observed)
        if overlap((listener,), cache.address, cache.port) and not left_over:
            return f"process {process}" if process else "a process"
    return ""


def predecessor(cache: OwnCache, observed: HostState, returned: Collection[str] = ()) -> Container | None:
    """The foreign container that this cache replaces: on its port, with its volume or folder.

    A container of `returned` (`Host.returned`) counts on any port, because it was stopped when the cache had the port.
    One that is deleted when it is stopped does not count, because an anonymous volume would be deleted too; nor does
    one of a swarm, which would start it again.
    """
    docker = observed.facts.docker
    for container in docker.containers if docker else ():
        free = (
            container.labels.get(PROJECT_LABEL) != PROJECT
            and _SWARM not in container.labels
            and not container.auto_remove
        )
        if (
            container.running
            and free
            and (container.id in returned or overlap(container.ports, cache.address, cache.port))
            and cache.volume in (container.mounts or {}).values()
        ):
            return container
    return None


def has_successor(name: str, host: Host, observed: HostState) -> bool:
    """Whether a container that comes back listens at the address of this cache."""
    ports = ports_coming_back(host, observed)
    own_container = own_containers(observed).get(name)
    return own_container is not None and any(overlap(own_container.ports, *split(port)) for port in ports)


def owner_of(container: Container) -> str:
    """Who started a container, in words."""
    files = container.labels.get(_FILES, "")
    return f"of {files}" if files else "started by hand"


def filters(name: str) -> Iterator[str]:
    """The filters by which `docker ps` finds the container of one of our caches."""
    yield from ("--filter", f"label={PROJECT_LABEL}={PROJECT}", "--filter", f"label={_SERVICE}={name}")
