"""Says what to write instead of a value that the schema of the Compose specification refuses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.values import SECTIONS
from runnerops.services.registry.schema.json_schema import Problem

_JOINED = late_pattern(r"([a-z_]+):(\S+)")
"""A key and its value without the space between them, which YAML reads as one text."""
_TIMES = word_set("interval timeout start_period start_interval stop_grace_period delay monitor window")
"""Keys whose values are durations."""
_PAIRS = word_set("environment args labels annotations sysctls extra_hosts additional_contexts driver_opts")
"""Keys whose value is a list of texts NAME=VALUE, or a mapping."""
_OF_MAPPINGS = word_set("config env_file include ports volumes secrets configs devices watch gpus")
"""Keys whose value is a list that may have mappings in it."""
_OF_SERVICE = 3
"""The length of the place of a service's key."""
_FIXES: Mapping[str, str] = {"missing": "add it", "twice": "take one of the two out"}
"""What to do about some of the problems."""


def fix_of(problem: Problem, tree: Tree) -> str:
    """What to write at the place of a problem; empty if the message says it."""
    value = value_at(tree, problem.key)
    if problem.kind == "word":
        return near_fix(str(value), problem.accepted)
    if problem.kind == "form":
        plain = re.sub(r"[ -]", "_", str(value).lower())
        if re.search(problem.accepted[0], plain):
            return f"write {plain}"
        return near_fix(str(value), re.findall(r"[a-z_]{2,}[a-z]\b", problem.accepted[0]))
    if problem.kind != "type":
        return _FIXES.get(problem.kind, "")
    if isinstance(value, list) and problem.key in {("services",), *((section,) for section in SECTIONS)}:
        return "write NAME: for each, without a hyphen"
    return _of_type(problem, value)


def _of_type(problem: Problem, value: Value) -> str:
    key = problem.key
    if value is None:
        below = len(key) == _OF_SERVICE - 1 and key[0] == "services"
        return "it is empty: indent its keys below it" if below else "it is empty: write a value, or take the key out"
    if isinstance(value, str) and "array" not in problem.accepted:
        joined = _JOINED.fullmatch(value)
        return f"write a space after the colon: {joined[1]}: {joined[2]}" if joined else as_scalar(value)
    if key[-2:-1] in {("depends_on",), ("networks",)} or (key[-2:-1] and key[-2] in _PAIRS):
        return _of_item(key, value)
    if "array" in problem.accepted:
        return _as_list(key, value)
    if problem.accepted == ("string",) and isinstance(value, int | float) and not isinstance(value, bool):
        return f"write it with its unit: {value}s" if key[-1] in _TIMES else "put it in quotes"
    return ""


def _as_list(key: Key, value: Value) -> str:
    if isinstance(value, dict):
        return "put a hyphen before its first key, and indent its others as that" if key[-1] in _OF_MAPPINGS else ""
    return "write it in brackets, as the only item of a list"


def _of_item(key: Key, value: Value) -> str:
    """What to write for an item of `depends_on` or `environment`, which may be lists or mappings."""
    if key[-2] not in _PAIRS:
        names = " and ".join(value) if isinstance(value, dict) else ""
        return f"take the hyphen before {names} out: with keys below it, {key[-2]} is a mapping" if names else ""
    if isinstance(key[-1], int):
        return "write it as NAME=VALUE"
    return "write one text, in quotes" if isinstance(value, list | dict) else ""


_DECIMAL = late_pattern(r"\d+,\d+")
_BINARY = late_pattern(r"(\d+(?:\.\d+)?) ?([KMGT])iB?")
_SPACED = late_pattern(r"\d+ +[a-z]{1,2}")


def as_scalar(value: str) -> str:
    """What to write for a number with a decimal comma, a size of Kubernetes, or an amount with a space before its unit."""
    if _DECIMAL.fullmatch(value):
        return f"write {value.replace(',', '.')}"
    if match := _BINARY.fullmatch(value):
        return f"write {match[1]}{match[2].lower()}"
    return f"write {value.replace(' ', '')}" if _SPACED.fullmatch(value) else ""
