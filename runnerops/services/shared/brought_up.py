"""What a run starts on its host: its own caches, and containers that caches had replaced. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from runnerops.model.common import ServiceName
from runnerops.model.facts import Facts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Displaced, Host
from runnerops.services.shared.daemon import docker_answers
from runnerops.services.shared.job_services import tables
from runnerops.services.shared.left_out import brings_caches
from runnerops.services.shared.listeners import bare, overlap, split

PROJECT = "runnerops"
"""The name of the Compose project. A user's project in a directory of the same name is never taken over."""

PROJECT_LABEL = "com.docker.compose.project"


def displaced(host: Host) -> tuple[Displaced, ...]:
    """The containers that may come back. A removal that leaves the caches on the host brings none back."""
    return host.displaced if not host.removed or ServiceName.REGISTRY in host.removed else ()


def coming_back(host: Host, observed: HostState) -> Iterator[Displaced]:
    """The containers that are started again because a rollback or removal goes back to a time before caches took their
    place. They still exist, are stopped, and their ports are free then.
    """
    docker = observed.facts.docker
    containers = docker.containers if docker and docker_answers(observed) else ()
    running = (
        container for container in containers if container.running and container.labels.get(PROJECT_LABEL) != PROJECT
    )
    taken_ports = [*(port for container in running for port in container.ports), *_of_caches(host)]
    stopped = {container.id: container for container in containers if not container.running}
    for displaced_registry in displaced(host):
        container = stopped.get(displaced_registry.id)
        if container and not any(overlap(taken_ports, *split(port)) for port in container.ports):
            yield displaced_registry


def ports_coming_back(host: Host, observed: HostState) -> list[str]:
    """The ports that those containers publish."""
    docker = observed.facts.docker
    ids = {displaced_registry.id for displaced_registry in coming_back(host, observed)}
    return [
        port for container in (docker.containers if docker else ()) if container.id in ids for port in container.ports
    ]


def brings_up(url: str, host: Host, observed: HostState) -> bool:
    """Whether the run for this host starts what answers at `url`, so that it cannot be asked before."""
    if not brings_caches(host):
        return False
    return listens_at([*_of_caches(host), *ports_coming_back(host, observed)], url, host, observed.facts)


def listens_at(places: list[str], url: str, host: Host, facts: Facts) -> bool:
    """Whether `url` leads to one of these `ADDRESS:PORT` of this host. Names are not resolved."""
    parts = urlsplit(url)
    name = bare(parts.hostname or "")
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    bridge = facts.docker.bridge if facts.docker else ""
    if name == host.address:
        return any(overlap(places, address, port) for address in (name, *facts.addresses))
    return (name.startswith("127.") or name in {"::1", bridge, *facts.addresses}) and overlap(places, name, port)


def _of_caches(host: Host) -> Iterator[str]:
    """The places where the host's own caches listen."""
    yield from (str(table.get("listen")) for table in tables(host.sections.get(ServiceName.REGISTRY, {}).get("caches")))
