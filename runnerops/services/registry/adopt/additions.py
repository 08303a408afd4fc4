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
    found: list[Addition] = []
    ours = [name for one, name in caches if _is_ours(one)]
    own = {name if len(name) > 1 else f"cache-{name}" for name in ours}
    volumes = {name: one for name, one in _mapping(file.get("volumes")).items() if ours and name not in own}
    for one, name in caches:
        said = _mapping(file.get("services")).get(name) if _is_ours(one) else None
        service = of_service(said) if isinstance(said, dict) else _service(one, observed)
        networks: Tree = {} if said else {network: {"external": True} for network in _networks(one, observed)}
        volumes |= {} if said else {mount.source: {"external": True} for mount in _further_volumes(one)}
        if networks:
            below["networks"] = {**_mapping(below.get("networks")), **networks}
        found += _of_cache(name, service, _reason(one))
    if volumes:
        found.append(Addition(COMPOSE_TEMPLATE, "further_volumes", 2, volumes))
    further = {name: one for name, one in _mapping(file.get("services")).items() if name not in ours}
    if ours and further:
        found.append(Addition(COMPOSE_TEMPLATE, "services", 2, further))
    return (*found, Addition(COMPOSE_TEMPLATE, "below", 0, below)) if below else tuple(found)


def keys_added(one: FoundRegistry, observed: HostState) -> tuple[str, ...]:
    """The keys of a foreign container, as a service of Compose has them."""
    return tuple(_service(one, observed))


def _of_cache(name: str, service: Tree, reason: str) -> Iterator[Addition]:
    when = f"cache.name == {json.dumps(name)}"
    rest = {key: value for key, value in service.items() if key not in _INDENTS}
    for key, indent in _INDENTS.items():
        if key in service:
            yield Addition(COMPOSE_TEMPLATE, key, indent, service[key], when, reason)
    if rest:
        yield Addition(COMPOSE_TEMPLATE, "service", 4, rest, when, reason)


def _reason(one: FoundRegistry) -> str:
    file = one.labels.get("com.docker.compose.project.config_files")
    return f"container {one.name}{f' of {file}' if file else ''} was started like this"


def _service(one: FoundRegistry, observed: HostState) -> Tree:
    """Of one that somebody else started: its further mounts and networks too. The storage and the config
    have their own.
    """
    found = dict(one.beyond)
    binds: list[Value] = [
        f"{mount.source}:{mount.inside}{'' if mount.written else ':ro'}".replace("$", "$$")
        for mount in one.mounts
        if mount.source.startswith("/") and not mount.volume and mount.inside in one.further_mounts
    ]
    binds += [f"{mount.source}:{mount.inside}{'' if mount.written else ':ro'}" for mount in _further_volumes(one)]
    if binds:
        found["volumes"] = binds
    if ports := further_ports(one):
        found["ports"] = [*ports]
    if networks := _networks(one, observed):
        known: list[Value] = [one.labels.get(_SERVICE) or one.name]
        found["networks"] = {"default": {}, **{network: {"aliases": known} for network in networks}}
    return found


def _further_volumes(one: FoundRegistry) -> list[Mount]:
    return [mount for mount in one.mounts if mount.volume and mount.inside in one.further_mounts]


def _networks(one: FoundRegistry, observed: HostState) -> list[str]:
    """Networks in which others reach it by its name. That of its own Compose project counts if another container runs
    in it.
    """
    project = one.labels.get(_PROJECT, "")
    docker = observed.facts.docker
    mates = [
        other
        for other in (docker.containers if docker else ())
        if other.running and project and other.labels.get(_PROJECT) == project and other.name != one.name
    ]
    return [name for name in one.networks if name != f"{project}_default" or mates] if not _is_ours(one) else []


def _is_ours(one: FoundRegistry) -> bool:
    return one.labels.get(_PROJECT) == PROJECT


def _file(observed: HostState, directory: str) -> Tree:
    """The Compose file of runnerops, as far as it can be read."""
    try:
        return parse(observed.file(f"{directory}/docker-compose.yml").content or b"", compose=True)
    except ParseError:
        return {}


def _mapping(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}
