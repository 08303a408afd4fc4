"""Names that the services of a Compose file use and do not define, and services that wait for themselves. Pure.

Source: `checkConsistency` of compose-go, and the `depends_on` that its `loader/normalize.go` adds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from runnerops.model.common import Key, Tree, Value, word_set
from runnerops.parsing.near import near_fix
from runnerops.services.registry.rules.compose.meant import slips
from runnerops.services.registry.rules.compose.parts import REFUSED, REFUSES, items, mapping, mounts, volume_parts
from runnerops.services.registry.rules.found import Found, Severity
from runnerops.services.registry.schema.json_schema import open_text

_SECTIONS = word_set("name version services networks volumes secrets configs include models jobs")
_SHARED = ("network_mode", "ipc", "pid")
"""Keys that may hold `service:NAME`."""


def references(service: Tree, tree: Tree, key: Key) -> Found:
    """Finds what a service uses and the file does not define."""
    severity: Severity = "warning" if service.get("profiles") else "error"  # it is loaded with its profile only
    yield from _drives(service, mapping(tree.get("volumes")), key)
    for kind, name, place in _used(service, key):
        if isinstance(tree.get(kind), list) or (kind not in tree and slips(tree.keys() - _SECTIONS, (kind,))):
            continue  # as the schema reports
        if not open_text(name) and name not in mapping(tree.get(kind)) and (kind, name) != ("networks", "default"):
            text = f"{name!r} is not defined under `{kind}`: {REFUSED}"
            fix = "add it there"
            if kind == "volumes":
                is_path = re.match(r"[./~]", name)  # only in the long syntax, which names the type
                fix = (
                    "write type: bind" if is_path else f"add it there, or write ./{name} for a folder beside this file"
                )
            defined = [other for other in mapping(tree.get(kind)) if (kind, other) != ("services", key[-1])]
            if near := near_fix(name, defined):
                fix = f"{near}, or {fix}"
            yield "K004", severity, place, text, fix
    if severity == "error":
        yield from _asleep(service, mapping(tree.get("services")), key)
    yield from _contexts(service, mapping(tree.get("services")), key)


def _drives(service: Tree, volumes: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, str) and volume[1:2] == ":" and volume[0] in volumes and len(volume_parts(volume)) == 1:
            text = f"is one path: Compose reads {volume[:2]} as a drive of Windows: {REFUSES}"
            fix = "give the volume a name of more than one letter, here and under `volumes`"
            yield "K002", "error", (*key, "volumes", index), text, fix


def _used(service: Tree, key: Key) -> Iterator[tuple[str, str, Key]]:
    """Yields kind, name and place of everything that a service uses from elsewhere in the file."""
    volumes = items(service.get("volumes"))
    for index, source, _ in mounts(service):
        volume = volumes[index]
        is_named = volume.get("type") == "volume" if isinstance(volume, dict) else not re.match(r"[./~\\]|.:", source)
        if source and is_named:
            place: Key = (*key, "volumes", index, "source") if isinstance(volume, dict) else (*key, "volumes", index)
            yield "volumes", source, place
    for kind in ("networks", "secrets", "configs", "models"):
        yield from ((kind, name, (*key, kind, *place)) for place, name in _names(service.get(kind)))
    yield from (("services", name, (*key, *place)) for place, name in _before(service))
    secrets = mapping(service.get("build")).get("secrets")
    yield from (("secrets", name, (*key, "build", "secrets", *place)) for place, name in _names(secrets))
    extends = service.get("extends")
    if (base := _base(service)) or extends == "" or mapping(extends).get("service") == "":
        yield "services", base, (*key, "extends")


def _before(service: Tree) -> Iterator[tuple[Key, str]]:
    """Yields place and name of the services that must run before this one."""
    for place, name in _names(service.get("depends_on")):
        yield ("depends_on", *place), name
    for index, link in enumerate(items(service.get("links"))):
        name, _, alias = str(link).partition(":")
        yield ("links", index), str(link) if ":" in alias else name
    for index, source in enumerate(items(service.get("volumes_from"))):
        if isinstance(source, str) and not source.startswith("container:"):
            yield ("volumes_from", index), source.partition(":")[0]
    for name in _SHARED:
        mode = service.get(name)
        if isinstance(mode, str) and mode.startswith("service:"):
            yield (name,), mode.removeprefix("service:")


def _asleep(service: Tree, services: Tree, key: Key) -> Found:
    """Others cannot use a service with profiles unless one of its profiles is active."""
    for place, name in _before(service):
        profiles = mapping(services.get(name)).get("profiles")
        optional = mapping(mapping(service.get("depends_on")).get(name)).get("required") is False
        if profiles and not optional:
            text = f"Compose refuses the file unless a profile of {name} is active"
            yield "K004", "warning", (*key, *place), text, "start with --profile, or give both the same profiles"


def _contexts(service: Tree, services: Tree, key: Key) -> Found:
    contexts = mapping(service.get("build")).get("additional_contexts")
    pairs = mapping(contexts).items() if isinstance(contexts, dict) else _parted(contexts)
    for name, context in pairs:
        target = context.removeprefix("service:") if isinstance(context, str) else ""
        if target and target != context and not open_text(target) and not mapping(services.get(target)).get("build"):
            text = f"the context {name} is the service {target}, which has no `build`: {REFUSED}"
            yield "K004", "error", (*key, "build", "additional_contexts"), text, f"add a `build` to {target}"


def _parted(value: Value) -> list[tuple[str, Value]]:
    return [(name, context) for name, _, context in (str(item).partition("=") for item in items(value))]


def _names(value: Value) -> Iterator[tuple[Key, str]]:
    if isinstance(value, dict):
        yield from (((name,), name) for name in value)
    for index, item in enumerate(items(value)):
        if isinstance(item, str):
            yield (index,), item
        elif isinstance(item, dict) and isinstance(item.get("source"), str):
            yield (index, "source"), str(item["source"])


def _base(service: Tree) -> str:
    """Returns the service of this file that this one extends."""
    extends = service.get("extends")
    base = extends if isinstance(extends, str) else mapping(extends).get("service")
    return base if isinstance(base, str) and not mapping(extends).get("file") else ""


def circles(services: Mapping[str, Tree]) -> Found:
    """Finds services that wait for each other or extend each other. Each circle is reported once, at its first service."""
    yield from _circles(services, lambda service: list(_before(service)), "waits for itself")
    yield from _circles(
        services, lambda service: [(("extends",), base)] if (base := _base(service)) else [], "extends itself"
    )


def _circles(services: Mapping[str, Tree], leads: Callable[[Tree], list[tuple[Key, str]]], text: str) -> Found:
    keys = {
        name: {next_name: key for key, next_name in leads(service) if next_name in services}
        for name, service in services.items()
    }
    names_left = _within(_within(keys))
    after = {name: [next_name for next_name in keys[name] if next_name in names_left] for name in names_left}
    told_names: set[str] = set()
    for name in services:
        waiting: list[tuple[str, tuple[str, ...]]] = (
            [(name, (name,))] if name in after and name not in told_names else []
        )
        path: set[str] = set()
        while waiting:
            name_here, trail = waiting.pop()
            if name in after[name_here] and name not in told_names:
                told_names |= set(trail)
                key: Key = ("services", name, *keys[name][(*trail, name)[1]])
                circle = f"{text} ({' → '.join((*trail, name))}): {REFUSED}"
                yield "K002", "error", key, circle, "take one of these out"
            new = [next_name for next_name in after[name_here] if next_name not in path]
            path |= set(new)
            waiting += [(next_name, (*trail, next_name)) for next_name in new]


def _within(after: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Leaves out the names that lead to no circle, and reverses the result: each name with those that lead to it.

    Called twice, it leaves those on circles and on ways between them.
    """
    before: dict[str, list[str]] = {name: [] for name in after}
    for name, next_names in after.items():
        for next_name in next_names:
            before[next_name].append(name)
    names_left = {name: len(next_names) for name, next_names in after.items()}
    waiting = [name for name, number in names_left.items() if not number]
    while waiting:
        leaf = waiting.pop()
        del names_left[leaf]
        for name in before[leaf]:
            names_left[name] -= 1
            if not names_left[name]:
                waiting.append(name)
    return {name: [next_name for next_name in before[name] if next_name in names_left] for name in names_left}
