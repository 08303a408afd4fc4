"""How the Docker daemon stands on a host. Pure."""

from __future__ import annotations

from runnerops.model.common import ABSENT
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.docker.action import running
from runnerops.services.docker.format import NAME
from runnerops.services.docker.reconcile import path_of
from runnerops.services.status import Standing


def standing(host: Host, have: HostState) -> Standing | None:
    """Its unit, what it has loaded, how many containers run."""
    managed, docker = NAME in host.sections, have.facts.docker
    path = path_of(have)
    left = () if managed or have.applied.get(path, ABSENT) == ABSENT else (path,)
    if docker is None:
        return Standing(NAME, managed, "", "not there", not managed, (), left) if managed or left else None
    words: list[str] = []
    if docker.version:
        mirrors = ", ".join(url.rstrip("/") for url in docker.mirrors or ())
        count = sum(one.running for one in docker.containers)
        words.append(f"mirror {mirrors}" if mirrors else "no mirror")
        words.append("live-restore" if docker.live_restore else "no live-restore")
        words.append(f"{count} container{'s' if count != 1 else ''}")
    well = running(docker) and bool(docker.version) and docker.flavour == "engine"
    state = docker.unit.active if docker.flavour == "engine" else docker.flavour
    return Standing(NAME, managed, docker.version, state, well, tuple(words), left)
