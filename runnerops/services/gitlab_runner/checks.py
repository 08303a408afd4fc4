"""The keys of config.toml against the table: known, of the right type, known to the host's version. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Literal, TypeAlias

from runnerops.model import Key, Tree, Value
from runnerops.services.gitlab_runner.keys import TABLES

Found: TypeAlias = "Iterator[tuple[str, Literal['error', 'warning'], Key, str, str]]"
"""Rule, severity, key, message, fix."""

_WORDS = {"str": "text", "int": "a whole number", "bool": "true or false", "time": "a time", "float": "a number"}
_DURATION = re.compile(r"([0-9.]+(ns|us|µs|ms|s|m|h))+")


def version_of(text: str) -> tuple[int, ...]:
    """Major and minor of a version; nothing where the text is none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else ()


def known(table: str, tree: Tree, key: Key, version: tuple[int, ...]) -> Found:
    """Keys and types of a table and those below it. The runner itself ignores what it does not know, in silence."""
    keys = TABLES[table]
    for name, value in tree.items():
        here: Key = (*key, name)
        if name not in keys:
            near = get_close_matches(name, keys, 1)
            if near:
                yield "R006", "error", here, f"unknown key, did you mean '{near[0]}'?", f"write {near[0]}"
            else:
                yield (
                    "R006",
                    "warning",
                    here,
                    "unknown key: the runner ignores it in silence",
                    "see whether it stands in the right table",
                )
            continue
        kind, when = keys[name]
        yield from _timely(when, here, version)
        yield from _value(kind, value, here, version)


def _timely(when: str, key: Key, version: tuple[int, ...]) -> Found:
    until = when.startswith("-")
    bound = version_of(when.removeprefix("-"))
    if version and until and version >= bound:
        yield "R007", "warning", key, f"the runner ignores it since {when[1:]}", "take it out, or write its successor"
    elif version and bound and not until and version < bound:
        yield (
            "R007",
            "warning",
            key,
            f"this host's runner does not know it before {when}",
            "upgrade gitlab-runner there",
        )


def _value(kind: str, value: Value, key: Key, version: tuple[int, ...]) -> Found:
    if kind.startswith("table "):
        if isinstance(value, dict):
            yield from known(kind.removeprefix("table "), value, key, version)
        else:
            yield _wrong(key, "a table")
    elif kind.startswith("[table "):
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            yield _wrong(key, "a list of tables")
            return
        for index, item in enumerate(value):
            assert isinstance(item, dict)
            yield from known(kind[len("[table ") : -1], item, (*key, index), version)
    else:
        problem = _CHECKS[kind](value)
        if problem:
            yield _wrong(key, problem)


def _wrong(key: Key, what: str) -> tuple[str, Literal["error", "warning"], Key, str, str]:
    return "R008", "error", key, f"must be {what}: the runner would refuse the whole file", "mend the type; quote text"


def _plain(kind: str) -> Callable[[Value], str]:
    types: dict[str, tuple[type, ...]] = {
        "str": (str,),
        "int": (int,),
        "bool": (bool,),
        "time": (datetime,),
        "float": (int, float),
    }

    def check(value: Value) -> str:
        good = isinstance(value, types[kind]) and (kind == "bool" or not isinstance(value, bool))
        return "" if good else _WORDS[kind]

    return check


def _duration(value: Value) -> str:
    good = isinstance(value, str) and (value == "0" or _DURATION.fullmatch(value))
    return "" if good else 'a duration in quotes, like "15m"'


def _texts(value: Value) -> str:
    return "" if isinstance(value, list) and all(isinstance(item, str) for item in value) else "a list of texts"


def _pairs(kind: type, words: str) -> Callable[[Value], str]:
    def check(value: Value) -> str:
        return "" if isinstance(value, dict) and all(isinstance(item, kind) for item in value.values()) else words

    return check


_CHECKS: Mapping[str, Callable[[Value], str]] = {
    **{kind: _plain(kind) for kind in ("str", "int", "bool", "time", "float")},
    "duration": _duration,
    "[str]": _texts,
    "str|[str]": lambda value: "" if isinstance(value, str) or not _texts(value) else "text, or a list of texts",
    "{str}": _pairs(str, "a table of texts"),
    "{bool}": _pairs(bool, "a table of true and false"),
    "any": lambda _: "",
}
