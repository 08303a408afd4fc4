"""Whether a host's Docker daemon is up, and answered. Pure."""

from __future__ import annotations

from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState

RUNNING = frozenset({"active", "reloading"})


def running(docker: DockerFacts) -> bool:
    """Whether the unit is up; `activating` counts as stopped, since it has no main process."""
    return docker.unit.active in RUNNING


def docker_answers(observed: HostState) -> bool:
    """Whether the daemon ran and answered, so that its list of containers is complete."""
    docker = observed.facts.docker
    return docker is not None and running(docker) and bool(docker.version)
