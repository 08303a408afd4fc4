"""The managed systems, in the usual order of their parts in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnerops.model import ServiceName
from runnerops.services import docker, gitlab_runner, registry

if TYPE_CHECKING:
    from runnerops.services.base import Service

SERVICES: tuple[Service, ...] = (docker, registry, gitlab_runner)


def service_of(name: ServiceName) -> Service:
    """The system of that name."""
    return next(service for service in SERVICES if service.NAME is name)
