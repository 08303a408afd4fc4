"""What the template of the Compose file must add for a host, so that its caches stay as their containers are. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import HostState
from runnerops.services.base import Addition, ParseError
from runnerops.services.registry.adopt.beyond import of_service
from runnerops.services.registry.adopt.listening import further_ports
from runnerops.services.registry.adopt.running import FoundRegistry, Mount
from runnerops.services.registry.format import COMPOSE_TEMPLATE
from runnerops.services.registry.format.reading import parse
from runnerops.services.shared.brought_up import PROJECT

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_INDENTS = {"ports": 6, "volumes": 6, "labels": 6}
"""Keys that have a block of their own. All others are in the block `service`."""

Cache = tuple[FoundRegistry, str]
"""A registry with its name in the section."""


def additions(caches: Sequence[Cache], observed: HostState, directory: str) -> tuple[Addition, ...]:
    """The additions of all caches, then those below the services."""
    file = _file(observed, directory)
    below: Tree = {
        name: value for name, value in file.items() if name not in {"version", "name", "services", "volumes"}
    }
    added: list[Addition] = []
    our_names = [name for registry, name in caches if _is_ours(registry)]
    our_volumes = {name if len(name) > 1 else f"cache-{name}" for name in our_names}
    volumes = {
        name: volume for name, volume in _mapping(file.get("volumes")).items() if our_names and name not in our_volumes
    }
    for registry, name in caches:
        composed = _mapping(file.get("services")).get(name) if _is_ours(registry) else None
        service = of_service(composed) if isinstance(composed, dict) else _service(registry, observed)
        networks: Tree = {} if composed else {network: {"external": True} for network in _networks(registry, observed)}
        volumes |= {} if composed else {mount.source: {"external": True} for mount in _further_volumes(registry)}
        if networks:
            below["networks"] = {**_mapping(below.get("networks")), **networks}
        added += _of_cache(name, service, _reason(registry))
    if volumes:
        added.append(Addition(COMPOSE_TEMPLATE, "further_volumes", 2, volumes))
    further = {name: service for name, service in _mapping(file.get("services")).items() if name not in our_names}
    if our_names and further:
        added.append(Addition(COMPOSE_TEMPLATE, "services", 2, further))
    return (*added, Addition(COMPOSE_TEMPLATE, "below", 0, below)) if below else tuple(added)


def keys_added(registry: FoundRegistry, observed: HostState) -> tuple[str, ...]:
    """The keys of a foreign container, as a service of Compose has them."""
    return tuple(_service(registry, observed))


def _of_cache(name: str, service: Tree, reason: str) -> Iterator[Addition]:
    when = f"cache.name == {json.dumps(name)}"
    plain_keys = {key: value for key, value in service.items() if key not in _INDENTS}
    for key, indent in _INDENTS.items():
        if key in service:
            yield Addition(COMPOSE_TEMPLATE, key, indent, service[key], when, reason)
    if plain_keys:
        yield Addition(COMPOSE_TEMPLATE, "service", 4, plain_keys, when, reason)


def _reason(registry: FoundRegistry) -> str:
    file = registry.labels.get("com.docker.compose.project.config_files")
    return f"container {registry.name}{f' of {file}' if file else ''} was started like this"


def _service(registry: FoundRegistry, observed: HostState) -> Tree:
    """Of one that somebody else started: its further mounts and networks too. The storage and the config
    have their own.
    """
    service = dict(registry.beyond)
    binds: list[Value] = [
        f"{mount.source}:{mount.inside}{'' if mount.written else ':ro'}".replace("$", "$$")
        for mount in registry.mounts
        if mount.source.startswith("/") and not mount.volume and mount.inside in registry.further_mounts
    ]
    binds += [f"{mount.source}:{mount.inside}{'' if mount.written else ':ro'}" for mount in _further_volumes(registry)]
    if binds:
        service["volumes"] = binds
    if ports := further_ports(registry):
        service["ports"] = [*ports]
    if networks := _networks(registry, observed):
        aliases: list[Value] = [registry.labels.get(_SERVICE) or registry.name]
        service["networks"] = {"default": {}, **{network: {"aliases": aliases} for network in networks}}
    return service


def _further_volumes(registry: FoundRegistry) -> list[Mount]:
    return [mount for mount in registry.mounts if mount.volume and mount.inside in registry.further_mounts]


def _networks(registry: FoundRegistry, observed: HostState) -> list[str]:
    """Networks in which others reach it by its name. That of its own Compose project counts if another container runs
    in it.
    """
    project = registry.labels.get(_PROJECT, "")
    docker = observed.facts.docker
    mates = [
        container
        for container in (docker.containers if docker else ())
        if container.running
        and project
        and container.labels.get(_PROJECT) == project
        and container.name != registry.name
    ]
    return (
        [name for name in registry.networks if name != f"{project}_default" or mates] if not _is_ours(registry) else []
    )


def _is_ours(registry: FoundRegistry) -> bool:
    return registry.labels.get(_PROJECT) == PROJECT


def _file(observed: HostState, directory: str) -> Tree:
    """The Compose file of runnerops, as far as it can be read."""
    try:
        return parse(observed.file(f"{directory}/docker-compose.yml").content or b"", compose=True)
    except ParseError:
        return {}


def _mapping(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}
