"""The managed systems, in the usual order of their phases in a run. Each is loaded when it is first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runnerops.model.common import ServiceName

if TYPE_CHECKING:
    from runnerops.services.base import Service
    from runnerops.services.docker import DOCKER
    from runnerops.services.gitlab_runner import GITLAB_RUNNER
    from runnerops.services.registry import REGISTRY

    SERVICES: tuple[Service, ...]

__all__ = ["DOCKER", "GITLAB_RUNNER", "REGISTRY", "SERVICES", "load_planning", "service_of"]


@cache
def service_of(name: ServiceName) -> Service:
    """The managed system of that name."""
    module: Any = import_module(f"runnerops.services.{name.value}")
    service: Service = getattr(module, name.name)
    return service


def __getattr__(name: str) -> Any:
    """Makes `SERVICES`, and the systems by their names in capitals."""
    if name == "SERVICES":
        return tuple(map(service_of, ServiceName))
    if name in ServiceName.__members__:
        return service_of(ServiceName[name])
    raise AttributeError(name)


PLANNING = ("action", "blockers", "reconcile", "rules", "steps")
"""The modules that every service has and every plan needs."""


def load_planning() -> None:
    """Imports what the services' methods load at their first call."""
    for service in ServiceName:
        for room in PLANNING:
            import_module(f"runnerops.services.{service.value}.{room}")
