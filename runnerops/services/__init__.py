"""The managed systems, in the usual order of their parts in a run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from runnerops.services.docker import DOCKER
from runnerops.services.gitlab_runner import GITLAB_RUNNER
from runnerops.services.registry import REGISTRY

if TYPE_CHECKING:
    from runnerops.model.common import ServiceName
    from runnerops.services.base import Service

__all__ = ["DOCKER", "GITLAB_RUNNER", "REGISTRY", "SERVICES", "load_planning", "service_of"]

SERVICES: tuple[Service, ...] = (DOCKER, REGISTRY, GITLAB_RUNNER)


def service_of(name: ServiceName) -> Service:
    """The system of that name."""
    return next(service for service in SERVICES if service.NAME is name)


def load_planning() -> None:
    """Imports what the services' methods load at their first call."""
    for service in ("docker", "registry", "gitlab_runner"):
        for room in ("action", "blockers", "reconcile", "rules", "steps"):
            import_module(f"runnerops.services.{service}.{room}")
