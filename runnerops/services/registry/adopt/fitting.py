"""Which running registries a section can express, and why it cannot express the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import value_at
from runnerops.patterns import late_pattern
from runnerops.services.registry.adopt.running import FoundRegistry, value_in_use
from runnerops.services.registry.adopt.upstream import unusable, upstream_of

_NO_DRIVERS = frozenset({"filesystem", "cache", "delete", "maintenance", "redirect", "tag"})
_MISREAD = late_pattern(r"[\s:$\"'\\]|/\.\.?(?:/|$)")
"""Characters that have another meaning for Compose in the path of a volume."""


def unfit(registry: FoundRegistry, volume: str | None) -> str:
    """Why the section cannot express it, in words; empty if it can."""
    if (keeper := _keeper(registry)) is not None:
        return f"it belongs to {keeper}, which starts it again when it stops"
    if not value_in_use(registry, ("proxy", "remoteurl")):
        return "it is a registry, not a pull-through cache (no proxy.remoteurl)"
    if drivers := [*_drivers(registry)]:
        return f"it stores its content in {drivers[0]}, but a cache of runnerops has a volume"
    return _beyond_the_section(registry, volume)


def _beyond_the_section(registry: FoundRegistry, volume: str | None) -> str:
    variables = [name for name in registry.environment if name.startswith(("REGISTRY_AUTH", "REGISTRY_HTTP_TLS"))]
    if value_at(registry.config, ("http", "tls")) or value_at(registry.config, ("auth",)) or variables:
        return "it uses files for TLS or a login, for which the section has no key"
    if unusable(upstream_of(registry)):
        return "its upstream is not a plain http or https URL, so it cannot pull from it"
    if volume and volume.startswith("/") and (not volume.strip("/") or _MISREAD.search(volume)):
        return f"its content is in {volume}, a path that a Compose file cannot name"
    return ""


def _drivers(registry: FoundRegistry) -> Iterator[str]:
    """Its storage drivers except for files, as its config or its variables say."""
    storage = value_at(registry.config, ("storage",))
    yield from (name for name in storage if name not in _NO_DRIVERS) if isinstance(storage, dict) else ()
    for name, value in registry.environment.items():
        head, _, rest = name.partition("REGISTRY_STORAGE")
        if not head and rest and (driver := rest.strip("_").partition("_")[0].lower()) not in _NO_DRIVERS:
            yield driver
        elif name == "REGISTRY_STORAGE" and value not in _NO_DRIVERS:
            yield value


def _keeper(registry: FoundRegistry) -> str | None:
    """The program that runs it, if that is neither a person nor Compose."""
    service, pod = (registry.labels.get(key) for key in ("com.docker.swarm.service.name", "io.kubernetes.pod.name"))
    if service is not None:
        return f"the swarm service {service}"
    return None if pod is None else f"the Kubernetes pod {pod}"
