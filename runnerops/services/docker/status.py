"""How the Docker daemon stands on a host. Pure."""

from __future__ import annotations

from runnerops.model.common import ABSENT
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.docker.action import running
from runnerops.services.docker.format import NAME
from runnerops.services.docker.reconcile import path_of
from runnerops.services.status import ServiceStatus


def status(host: Host, observed: HostState) -> ServiceStatus | None:
    """Its unit, what it has loaded, how many containers run."""
    managed, docker = NAME in host.sections, observed.facts.docker
    path = path_of(observed)
    left = () if managed or observed.applied.get(path, ABSENT) == ABSENT else (path,)
    if docker is None:
        return ServiceStatus(NAME, managed, "", "not there", not managed, (), left) if managed or left else None
    details: list[str] = []
    if docker.version:
        mirrors = ", ".join(url.rstrip("/") for url in docker.mirrors or ())
        count = sum(one.running for one in docker.containers)
        details.append(f"mirror {mirrors}" if mirrors else "no mirror")
        details.append("live-restore" if docker.live_restore else "no live-restore")
        details.append(f"{count} container{'s' if count != 1 else ''}")
    healthy = running(docker) and bool(docker.version) and docker.flavour == "engine"
    state = docker.unit.active if docker.flavour == "engine" else docker.flavour
    return ServiceStatus(NAME, managed, docker.version, state, healthy, tuple(details), left)
