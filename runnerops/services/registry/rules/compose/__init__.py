"""Checks any Compose file against the schema of the specification, and its variables. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from math import isfinite

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.parsing.near import near, near_fix, question
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.names import circles, references
from runnerops.services.registry.rules.compose.pairs import pairs
from runnerops.services.registry.rules.compose.parts import REFUSED, mapping
from runnerops.services.registry.rules.compose.registry_service import is_registry, registry_service, shared_volumes
from runnerops.services.registry.rules.compose.unset import NOTHING, unset, variables_at
from runnerops.services.registry.rules.compose.values import service_values, top_values
from runnerops.services.registry.rules.compose.variables import wanted_variables
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.compose import is_looser, schema_problems, text_problems
from runnerops.services.registry.schema.compose_since import RECENT, keys_since, lacks, release_of
from runnerops.services.registry.schema.json_schema import Problem

_SHORT = 3
"""A value of this many letters is no secret, and may occur by chance."""

_NEAR = 0.7
"""How similar a misspelt key is to a known one, of 1."""

_NETWORK_NAMES = "5.6.0"
"""The first release of Compose that checks the names of networks."""

_VARIABLE = late_pattern(r"\$(?:\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*(?:(?::?[-?+]).*?)?\})", re.DOTALL)
_JOINED = late_pattern(r"([a-z_]+):(\S+)")
"""A key and its value without the space between them, which YAML reads as one text."""

_TIMES = word_set("interval timeout start_period start_interval stop_grace_period delay monitor window")
"""Keys whose values are durations."""

_TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


def compose_rules(tree: Tree, given: Mapping[str, str] = NOTHING, version: str = "") -> Found:
    """Runs all rules on one file. `given`: the variables that are set, with their values if these are known.

    `version`: that of Compose; empty if it is not known.
    """
    found = list(_rules(tree, tree, version))
    refused = {key for rule, _, key, _, _ in found if rule == "K001"}
    found += [one for one in _newer(tree, version) if one[2] not in refused]
    yield from found
    yield from while_unset(tree, {(key, message) for _, _, key, message, _ in found}, given, version)


def while_unset(
    tree: Tree, told: Collection[tuple[Key, str]], given: Mapping[str, str] = NOTHING, version: str = ""
) -> Found:
    """Finds what is wrong with the file while its other variables are not set, except what is `told` already."""
    bare = unset(tree, given)
    if bare is tree or not isinstance(bare, dict):
        return
    for _, severity, key, message, _ in _rules(bare, _other_than(tree, bare), version):
        place, names = variables_at(tree, key, given)
        if severity == "error" and names and (key, message) not in told:
            them = "them" if len(names) > 1 else "it"
            bare_name = f"${{{names[0]}:" not in str(value_at(tree, place))
            other = f"write ${{{names[0]}:-DEFAULT}}" if bare_name else "write another default"
            fix = f"set {them} where Compose runs, or in .env beside the file, or {other}"
            yield "K006", "warning", place, f"{_by_names(message, given)} while {_not_set(names)}", fix


def _by_names(message: str, given: Mapping[str, str]) -> str:
    """Returns a message without the values of variables, because they may be secrets."""
    for name, value in given.items():
        if len(value) > _SHORT:
            message = message.replace(value, f"${{{name}}}")
    return message


def _other_than(tree: Tree, bare: Tree) -> Tree:
    """Returns what differs: services, networks and so on as a whole. What is wrong in the rest is told already."""
    changed: Tree = {}
    for section, value in bare.items():
        below = tree[section]
        if value is not below:
            others = mapping(below)
            inner = {name: one for name, one in mapping(value).items() if not _is_alike(one, others.get(name))}
            changed[section] = inner if isinstance(value, dict) else value
    return changed


def _is_alike(one: Value, other: Value) -> bool:
    """Whether two services differ at most in variables and labels, whose values may be any text but for a registry."""
    if one is other or not isinstance(one, dict) or not isinstance(other, dict) or is_registry(one):
        return one is other
    return all(
        part is other[name] or (name in {"environment", "labels"} and isinstance(part, dict))
        for name, part in one.items()
    )


def _rules(tree: Tree, judged: Tree, version: str) -> Found:
    """Runs all rules on `judged`, which is all or a part of the file."""
    if not tree.keys() - {"version"}:
        yield "K002", "error", (), f"is empty: {REFUSED}", "write services: and what is to run"
        return
    for problem in schema_problems(judged):
        yield from _schema(problem, judged, version)
    yield from (("K002", "error", key, f"must be {what}: {REFUSED}", "") for key, what in text_problems(judged))
    yield from (
        ("K002", "warning", key, "is not a finite number, which some releases of Compose refuse", "write a number")
        for key in _endless(judged, ())
    )
    yield from _variables(judged, ())
    yield from top_values(judged)
    services = {name: one for name, one in mapping(tree.get("services")).items() if isinstance(one, dict)}
    for name, service in services.items():
        if name not in mapping(judged.get("services")):
            continue
        key: Key = ("services", name)
        yield from service_values(service, key)
        yield from pairs(service, key)
        if not tree.get("include"):  # another file may define what this one uses
            yield from references(service, tree, key)
        if is_registry(service):
            yield from registry_service(service, key)
    yield from circles(services)
    yield from shared_volumes(services)


def _schema(problem: Problem, tree: Tree, version: str) -> Found:
    key, words = problem.key, problem.words
    if problem.kind == "unknown":
        yield "K001", "error", key, *_unknown(str(key[-1]), words, len(key) == 1 and _looks_like_service(tree, key))
    elif problem.kind == "name":
        text = f"is not a valid name, which must have the form {words[0]}"
        of_network = key[0] == "networks" and len(key) == 2
        if of_network:
            yield from _since(_NETWORK_NAMES, version, ("K001", key, text))
        else:
            yield "K001", "error", key, f"{text}: {REFUSED}", ""
    elif problem.kind == "type" and is_looser(key, value_at(tree, key)):
        text = "is not a whole number, which newer releases of Compose may refuse"
        yield "K002", "warning", key, text, "write one"
    else:
        yield "K002", "error", key, f"{_SAYS[problem.kind](words)}: {REFUSED}", _fix(problem, tree)


def _fix(problem: Problem, tree: Tree) -> str:
    value = value_at(tree, problem.key)
    if problem.kind != "type":
        return near_fix(str(value), problem.words) if problem.kind == "word" else _FIXES.get(problem.kind, "")
    return _fix_of_type(problem, value)


def _fix_of_type(problem: Problem, value: Value) -> str:
    if value is None:
        return "it is empty: write a value, or take the key out"
    if isinstance(value, str) and "array" not in problem.words and (joined := _JOINED.fullmatch(value)):
        return f"write a space after the colon: {joined[1]}: {joined[2]}"
    if problem.key[-2:-1] == ("environment",):
        in_list = isinstance(problem.key[-1], int)
        return "write it as NAME=VALUE" if in_list else "put it in quotes" if isinstance(value, list | dict) else ""
    if "array" in problem.words and isinstance(value, str | int | float):
        return "write it in brackets, as the only item of a list"
    if problem.words == ("string",) and isinstance(value, int | float) and not isinstance(value, bool):
        is_time = problem.key[-1] in _TIMES
        return f"write it with its unit: {value}s" if is_time else "put it in quotes"
    return ""


_SAYS: Mapping[str, Callable[[tuple[str, ...]], str]] = {
    "missing": lambda words: f"has no {' and no '.join(words)}",
    "type": lambda words: f"must be {' or '.join(dict.fromkeys(_TYPES[word] for word in words))}",
    "word": lambda words: f"must be one of {', '.join(words)}",
    "form": lambda words: f"must have the form {words[0]}",
    "twice": lambda _: "is listed twice",
    "range": lambda words: f"must be between {' and '.join(words)}",
}
"""What is said of a problem with a value."""

_FIXES = {"missing": "add it", "twice": "take one of the two out"}
"""What to do about some of these problems."""


def _since(release: str, version: str, found: tuple[str, Key, str]) -> Found:
    """Yields what Compose refuses since a release: a warning if its version is not known, nothing if it is older."""
    rule, key, text = found
    if release_of(version) is None:
        yield rule, "warning", key, f"{text}: Compose refuses the file since {release}", ""
    elif not lacks(version, release):
        yield rule, "error", key, f"{text}: {REFUSED}", ""


def _looks_like_service(tree: Tree, key: Key) -> bool:
    return bool({"image", "build"} & set(mapping(tree[str(key[0])])))


def _unknown(name: str, known: tuple[str, ...], service: bool) -> tuple[str, str]:
    meant = near(name, known, _NEAR)
    if service and not meant:
        text = f"services belong under `services`, and only Compose 1 accepted them here: {REFUSED}"
        return text, "write services:, and put this below it"
    own = "; keys of your own begin with x-"
    if meant:
        return f"unknown key, {question(meant)}", f"write {' or '.join(meant)}{own}"
    return f"unknown key: {REFUSED}", f"take it out{own}"


def _newer(tree: Tree, version: str) -> Found:
    known = release_of(version) is not None
    for key, since in keys_since(tree):
        text = f"Compose before {since} does not know it, and refuses the file"
        if lacks(version, since):
            yield "K001", "error", key, text, f"take it out, or install a newer Compose: this host has {version}"
        elif not known and (release_of(since) or RECENT) >= RECENT:
            yield "K001", "warning", key, text, "check whether the hosts have a newer one"


def _endless(value: Value, key: Key) -> Iterator[Key]:
    """Finds `.inf` and `.nan`. Compose checks its schema on JSON, which has no such numbers."""
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
            yield "K003", "error", key, "this `${` does not begin a variable", fix
        else:
            yield (
                "K003",
                "warning",
                key,
                "this `$` does not begin a variable, which Compose up to 2.10 refuses",
                fix,
            )
    elif isinstance(value, str) and (names := wanted_variables(value)):
        text = f"Compose refuses the file while {_not_set(names)}"
        yield "K005", "warning", key, text, "set it in the environment of Compose, or in .env beside the file"


def _not_set(names: Collection[str]) -> str:
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not set"
