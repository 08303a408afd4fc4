"""Says what the schema of the Compose specification refuses, and what to write instead. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.parsing.near import near, near_fix, question
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSED, mapping
from runnerops.services.registry.rules.compose.values import SECTIONS
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.compose import is_looser, schema_problems, service_keys
from runnerops.services.registry.schema.compose_since import lacks, release_of
from runnerops.services.registry.schema.json_schema import Problem

_NEAR = 0.7
"""How similar a misspelt key is to a known one, of 1."""

_NETWORK_NAMES = "5.6.0"
"""The first release of Compose that checks the names of networks."""

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


def schema_rules(tree: Tree, version: str) -> Found:
    """Finds what the schema refuses. `version`: that of Compose; empty if it is not known."""
    for problem in schema_problems(tree):
        if not _is_section(problem, tree):
            yield from _schema(problem, tree, version)


def _is_section(problem: Problem, tree: Tree) -> bool:
    """Whether an unknown key stands in a section that is indented as a service, as another rule reports."""
    key = problem.key
    below = problem.kind == "unknown" and len(key) == 3 and key[0] == "services" and key[1] in SECTIONS
    return below and not {"image", "build"} & mapping(value_at(tree, key[:2])).keys()


def _schema(problem: Problem, tree: Tree, version: str) -> Found:
    key, words = problem.key, problem.words
    if problem.kind == "unknown":
        yield "K001", "error", key, *_unknown(key, words, len(key) == 1 and _looks_like_service(tree, key))
    elif problem.kind == "name":
        text = f"is not a valid name, which must have the form {words[0]}"
        of_network = key[0] == "networks" and len(key) == 2
        if of_network:
            yield from _since(_NETWORK_NAMES, version, ("K001", key, text))
        else:
            yield "K001", "error", key, f"{text}: {REFUSED}", ""
    elif problem.kind == "type" and key[0] == "services" and len(key) == _OF_SERVICE - 1 and key[1] in service_keys():
        text = f"is read as the name of a service: {REFUSED}"
        yield "K002", "error", key, text, "indent it deeper, as a key of its service"
    elif problem.kind == "type" and is_looser(key, value_at(tree, key)):
        text = "is not a whole number, which newer releases of Compose may refuse"
        yield "K002", "warning", key, text, "write one"
    else:
        yield "K002", "error", key, f"{_SAYS[problem.kind](words)}: {REFUSED}", _fix(problem, tree)


def _fix(problem: Problem, tree: Tree) -> str:
    value = value_at(tree, problem.key)
    if problem.kind != "type":
        return near_fix(str(value), problem.words) if problem.kind == "word" else _FIXES.get(problem.kind, "")
    if isinstance(value, list) and problem.key in {(section,) for section in SECTIONS}:
        return "write NAME: for each, without a hyphen"
    return _fix_of_type(problem, value)


def _fix_of_type(problem: Problem, value: Value) -> str:
    key = problem.key
    if value is None:
        below = len(key) == _OF_SERVICE - 1 and key[0] == "services"
        return "it is empty: indent its keys below it" if below else "it is empty: write a value, or take the key out"
    if isinstance(value, str) and "array" not in problem.words and (joined := _JOINED.fullmatch(value)):
        return f"write a space after the colon: {joined[1]}: {joined[2]}"
    if key[-2:-1] in {("depends_on",), ("networks",), ("environment",)}:
        return _fix_of_item(key, value)
    if "array" in problem.words and isinstance(value, str | int | float):
        return "write it in brackets, as the only item of a list"
    if problem.words == ("string",) and isinstance(value, int | float) and not isinstance(value, bool):
        is_time = problem.key[-1] in _TIMES
        return f"write it with its unit: {value}s" if is_time else "put it in quotes"
    return ""


def _fix_of_item(key: Key, value: Value) -> str:
    """What to write for an item of `depends_on` or `environment`, which may be lists or mappings."""
    if key[-2] != "environment":
        names = " and ".join(value) if isinstance(value, dict) else ""
        return f"take the hyphen before {names} out: with keys below it, {key[-2]} is a mapping" if names else ""
    if isinstance(key[-1], int):
        return "write it as NAME=VALUE"
    return "put it in quotes" if isinstance(value, list | dict) else ""


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


def _unknown(key: Key, known: tuple[str, ...], service: bool) -> tuple[str, str]:
    name = str(key[-1])
    meant = near(name, known, _NEAR)
    if service and not meant:
        text = f"services belong under `services`, and only Compose 1 accepted them here: {REFUSED}"
        return text, "write services:, and put this below it"
    if key[-2:-1] == ("logging",):
        return f"unknown key, which belongs to logging.options: {REFUSED}", "move it there"
    own = "; keys of your own begin with x-"
    if meant:
        return f"unknown key, {question(meant)}", f"write {' or '.join(meant)}{own}"
    if name in service_keys() and len(key) != _OF_SERVICE and key[0] in {name, "services"}:
        place = f"services.{key[1]}" if len(key) > 1 else "a service"
        return (
            f"unknown key here, which belongs to {place}: {REFUSED}",
            "move it there, and indent it as its other keys",
        )
    return f"unknown key: {REFUSED}", f"take it out{own}"


_OF_SERVICE = 3
"""The length of the place of a service's key."""
