"""The status of the Docker daemon on a host. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.answers import Answers
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.docker.diff import path_of
from runnerops.services.docker.format import NAME
from runnerops.services.shared.daemon import running
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Call

FUNCTIONS = ""


def inquiries(host: Host) -> Sequence[Call]:  # noqa: ARG001
    """Asks nothing in addition to the observation."""
    return ()


def status(host: Host, observed: HostState, answers: Answers) -> ServiceStatus | None:  # noqa: ARG001
    """The state of the unit, the loaded values, and the number of running containers."""
    managed, docker = NAME in host.sections, observed.facts.docker
    path = path_of(observed)
    leftover_files = (path,) if not managed and observed.holds_ours(path) else ()
    if docker is None:
        return (
            ServiceStatus(NAME, managed, "", "not there", not managed, (), leftover_files)
            if managed or leftover_files
            else None
        )
    details: list[str] = []
    if docker.version:
        mirrors = ", ".join(url.rstrip("/") for url in docker.mirrors or ())
        count = sum(container.running for container in docker.containers)
        details.append(f"mirror {mirrors}" if mirrors else "no mirror")
        details.append("live-restore" if docker.live_restore else "no live-restore")
        details.append(f"{count} container{'s' if count != 1 else ''}")
    if docker.unit.stays_down:
        details.append(f"docker.service is {docker.unit.stays_down}: it does not start at boot")
    healthy = running(docker) and bool(docker.version) and docker.flavour == "engine"
    state = docker.unit.active if docker.flavour == "engine" else docker.flavour
    sound = healthy and not docker.unit.stays_down
    return ServiceStatus(NAME, managed, docker.version, state, sound, tuple(details), leftover_files)
