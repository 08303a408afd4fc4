"""A Compose file of anybody's: the specification's schema, variables, and names that it uses and does not define. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.compose_parts import items, mapping, mounts
from runnerops.services.registry.rules.compose_registry import is_registry, registry_service, shared_volumes
from runnerops.services.registry.rules.compose_values import service_values, top_values
from runnerops.services.registry.rules.found import Found, Severity
from runnerops.services.registry.rules.variables import wanted_variables
from runnerops.services.registry.schema.compose import NEWER, schema_problems, text_problems
from runnerops.services.registry.schema.json_schema import Problem

_REFUSED = "Compose refuses the whole file"
_VARIABLE = re.compile(r"\$(?:\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*(?:(?::?[-?+]).*?)?\})", re.DOTALL)
_TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


def compose_rules(tree: Tree) -> Found:
    """All rules on one file."""
    if not tree:
        yield "K002", "error", (), "is empty", _REFUSED
        return
    yield from (_schema(problem, tree) for problem in schema_problems(tree))
    yield from (("K002", "error", key, f"must be {what}", _REFUSED) for key, what in text_problems(tree))
    yield from _newer(tree)
    yield from _variables(tree, ())
    yield from top_values(tree)
    services = {name: one for name, one in mapping(tree.get("services")).items() if isinstance(one, dict)}
    for name, service in services.items():
        key: Key = ("services", name)
        yield from service_values(service, key)
        if not tree.get("include"):  # another file may define what this one uses
            yield from _references(service, tree, key)
        if is_registry(service):
            yield from registry_service(service, key)
    yield from _circles(services)
    yield from shared_volumes(services)


def _schema(problem: Problem, tree: Tree) -> tuple[str, Severity, Key, str, str]:
    key, words = problem.key, problem.words
    if problem.kind == "unknown":
        return "K001", "error", key, *_unknown(str(key[-1]), words, len(key) == 1 and _looks_like_service(tree, key))
    if problem.kind == "missing":
        return "K002", "error", key, f"has no {' and no '.join(words)}", _REFUSED
    if problem.kind == "type":
        kinds = list(dict.fromkeys(_TYPES[word] for word in words))
        fix = "write it as NAME=VALUE" if key[-2:-1] == ("environment",) else _REFUSED
        return "K002", "error", key, f"must be {' or '.join(kinds)}", fix
    if problem.kind == "word":
        return "K002", "error", key, f"must be one of {', '.join(words)}", _REFUSED
    if problem.kind == "twice":
        return "K002", "error", key, "stands here twice", _REFUSED
    return "K002", "error", key, f"must lie between {' and '.join(words)}", _REFUSED


def _looks_like_service(tree: Tree, key: Key) -> bool:
    return bool({"image", "build"} & set(mapping(tree[str(key[0])])))


def _unknown(name: str, known: tuple[str, ...], service: bool) -> tuple[str, str]:
    near = get_close_matches(name, known, 1, 0.7)
    if service and not near:
        return "services stand under `services`", "write services:, and this below it"
    hint = f", did you mean '{near[0]}'?" if near else ""
    return f"unknown key{hint}", f"{_REFUSED}; keys of your own begin with x-"


def _newer(tree: Tree) -> Found:
    for key, last in NEWER.items():
        if key[0] in tree:
            text = f"Compose up to {last} does not know it, and refuses the file"
            yield "K001", "warning", key, text, "see whether the hosts have a newer one"


def _variables(value: Value, key: Key) -> Found:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _variables(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _variables(item, (*key, index))
    elif isinstance(value, str) and "$" in (rest := _VARIABLE.sub("\0", value)):
        fix = "write `$$` for a dollar sign"
        if "${" in rest:
            yield "K003", "error", key, "a `${` stands here that begins no variable", fix
        else:
            yield (
                "K003",
                "warning",
                key,
                "a `$` stands here that begins no variable: Compose up to 2.10 refuses it",
                fix,
            )
    elif isinstance(value, str) and (names := wanted_variables(value)):
        text = f"Compose refuses the file while {' and '.join(names)} is not set"
        yield "K005", "warning", key, text, "set it in the environment of Compose, or in .env beside the file"


def _references(service: Tree, tree: Tree, key: Key) -> Found:
    severity: Severity = "warning" if service.get("profiles") else "error"  # it is loaded with its profile only
    found = list(_used_names(service, key))
    for kind, name, place in found:
        if "$" not in name and name not in mapping(tree.get(kind)) and (kind, name) != ("networks", "default"):
            text = f"{name!r} is not defined under `{kind}`"
            yield "K004", severity, place, text, f"{_REFUSED}; add it there"


def _used_names(service: Tree, key: Key) -> Iterator[tuple[str, str, Key]]:
    """Kind, name and place of everything that a service takes from elsewhere in the file."""
    volumes = items(service.get("volumes"))
    for index, source, _ in mounts(service):
        volume = volumes[index]
        named = volume.get("type") == "volume" if isinstance(volume, dict) else not re.match(r"[./~\\]|.:", source)
        if source and named:
            yield "volumes", source, (*key, "volumes", index)
    for kind in ("networks", "secrets", "configs", "models"):
        yield from ((kind, name, (*key, kind, place)) for place, name in _names(service.get(kind)))
    yield from (("services", name, (*key, "depends_on", place)) for place, name in _depends(service))
    secrets = mapping(service.get("build")).get("secrets")
    yield from (("secrets", name, (*key, "build", "secrets", place)) for place, name in _names(secrets))
    extends = service.get("extends")
    base = extends if isinstance(extends, str) else mapping(extends).get("service")
    if isinstance(base, str) and not mapping(extends).get("file"):
        yield "services", base, (*key, "extends")
    mode = service.get("network_mode")
    if isinstance(mode, str) and mode.startswith("service:"):
        yield "services", mode.removeprefix("service:"), (*key, "network_mode")


def _depends(service: Tree) -> Iterator[tuple[str | int, str]]:
    depends = service.get("depends_on")
    for place, name in _names(depends):
        if mapping(mapping(depends).get(name)).get("required") is not False:
            yield place, name


def _names(value: Value) -> Iterator[tuple[str | int, str]]:
    if isinstance(value, dict):
        yield from ((name, name) for name in value)
    for index, item in enumerate(items(value)):
        if isinstance(item, str):
            yield index, item
        elif isinstance(item, dict) and isinstance(item.get("source"), str):
            yield index, str(item["source"])


def _circles(services: dict[str, Tree]) -> Found:
    """Services that wait for each other; each circle is told once, at its first service."""
    after = {name: [other for _, other in _depends(one) if other in services] for name, one in services.items()}
    told: set[str] = set()
    for name in services:
        waiting: list[tuple[str, tuple[str, ...]]] = [(name, (name,))]
        path: set[str] = set()
        while waiting:
            here, way = waiting.pop()
            if name in after[here] and name not in told:
                told |= set(way)
                text = f"waits for itself: {' → '.join((*way, name))}"
                yield "K002", "error", ("services", name, "depends_on"), text, _REFUSED
            new = [other for other in after[here] if other not in path]
            path |= set(new)
            waiting += [(other, (*way, other)) for other in new]
