"""A Compose file of anybody's: the specification's schema, and its variables. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from math import isfinite

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.compose_names import circles, references
from runnerops.services.registry.rules.compose_pairs import pairs
from runnerops.services.registry.rules.compose_parts import mapping
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
    if not tree.keys() - {"version"}:
        yield "K002", "error", (), "is empty", _REFUSED
        return
    yield from (_schema(problem, tree) for problem in schema_problems(tree))
    yield from (("K002", "error", key, f"must be {what}", _REFUSED) for key, what in text_problems(tree))
    yield from _newer(tree)
    yield from (
        ("K002", "warning", key, "is no finite number, and some releases of Compose refuse it", "write a number")
        for key in _endless(tree, ())
    )
    yield from _variables(tree, ())
    yield from top_values(tree)
    services = {name: one for name, one in mapping(tree.get("services")).items() if isinstance(one, dict)}
    for name, service in services.items():
        key: Key = ("services", name)
        yield from service_values(service, key)
        yield from pairs(service, key)
        if not tree.get("include"):  # another file may define what this one uses
            yield from references(service, tree, key)
        if is_registry(service):
            yield from registry_service(service, key)
    yield from circles(services)
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


def _endless(value: Value, key: Key) -> Iterator[Key]:
    """Where `.inf` and `.nan` stand, which Compose cannot write as the JSON that its schema is held against."""
    if isinstance(value, dict | list):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _endless(item, (*key, part))
    elif isinstance(value, float) and not isfinite(value):
        yield key


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
