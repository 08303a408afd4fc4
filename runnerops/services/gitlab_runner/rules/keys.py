"""The keys of config.toml against the table: known, of the right type, known to the host's version. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Literal, TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.schema import IN_GITLAB, NEWEST, TABLES, TITLES, Known
from runnerops.services.gitlab_runner.schema.times import microseconds

Version: TypeAlias = "tuple[int, ...]"
"""Major and minor; empty where it is not known."""

Severity: TypeAlias = Literal["error", "warning", "info"]

Found: TypeAlias = "Iterator[tuple[str, Severity, Key, str, str]]"
"""Rule, severity, key, message, fix."""

_QUOTED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

_NEAR = 0.8
"""How like a known key a slip of the pen is, of 1; what is less like it may be a key of a later release."""


def version_of(text: str) -> Version:
    """Major and minor of a version; nothing where the text is none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else ()


def check_table(table: str, tree: Tree, key: Key, version: Version) -> Found:
    """Keys and types of a table and those below it. The runner compares keys without their case, and ignores others."""
    keys = TABLES[table]
    excerpt = table == "config" and "runners" not in {name.lower() for name in tree}
    for name, value in tree.items():
        here: Key = (*key, name)
        if known := keys.get(name) or _by_case(keys).get(name.lower()):
            yield from _timely(known, here, version)
            yield from _value(known.kind, value, here, version)
        else:
            yield _unknown(name, table, here, version, excerpt=excerpt)


def by_table(table: str, tree: Tree) -> Tree:
    """The same tree with keys as the tables write them, for rules that look for them."""
    keys = TABLES.get(table, {})
    names = {name.lower(): name for name in keys}
    found: Tree = {}
    for name, value in tree.items():
        real = name if name in keys else names.get(name.lower(), name)
        kind, _, inner = (keys[real].kind if real in keys else "").partition(" ")
        if kind == "table" and isinstance(value, dict):
            found[real] = by_table(inner, value)
        elif kind == "[table" and isinstance(value, list):
            found[real] = [by_table(inner[:-1], one) if isinstance(one, dict) else one for one in value]
        else:
            found[real] = value
    return found


def _by_case(keys: Mapping[str, Known]) -> Mapping[str, Known]:
    return {name.lower(): known for name, known in keys.items()}


def _unknown(
    name: str, table: str, key: Key, version: Version, *, excerpt: bool
) -> tuple[str, Severity, Key, str, str]:
    """A slip of the pen, or a key of another table, is an error; a runner newer than the tables may know it.

    An excerpt, which has no runner, may come to stand below the heading that it lacks.
    """
    severity: Severity = "warning" if version > NEWEST else "error"
    low = name.lower()
    if table == "runner" and low in IN_GITLAB:
        text = "the runner ignores it: this is set in GitLab, in the runner's settings"
        return "R006", "error", key, text, "take it out, and set it in GitLab"
    if near := _written_otherwise(low, table):
        return "R006", severity, key, f"unknown key, did you mean '{near}'?", f"write {near}"
    if others := [title for other, title in TITLES.items() if low in _by_case(TABLES[other])]:
        text = f"the runner ignores it here: it belongs to {' or '.join(others[:2])}"
        return "R006", "warning" if excerpt else severity, key, text, "move it there"
    if close := get_close_matches(low, [one.lower() for one in TABLES[table]], 1, _NEAR):
        near = next(one for one in TABLES[table] if one.lower() == close[0])
        return "R006", severity, key, f"unknown key, did you mean '{near}'?", f"write {near}"
    fix = "see whether it stands in the right table"
    return "R006", "warning", key, "unknown key: the runner ignores it in silence", fix


def _written_otherwise(low: str, table: str) -> str:
    """The key of the same letters, in another order or with other signs between them; in a short name two letters are much."""
    letters = sorted(low.replace("_", "").replace("-", ""))
    found = (one for one in TABLES[table] if sorted(one.lower().replace("_", "").replace("-", "")) == letters)
    return next(found, "")


def _timely(known: Known, key: Key, version: Version) -> Found:
    if version and version < version_of(known.since):
        message = f"this host's runner does not know it before {known.since}"
        yield "R007", "warning", key, message, "upgrade gitlab-runner there"
    if known.until and (not version or version >= version_of(known.until)):
        message = f"the runner does not know it since {known.until}, and ignores it"
        yield "R007", "warning", key, message, "take it out, or write its successor"


def _value(kind: str, value: Value, key: Key, version: Version) -> Found:
    word, _, table = kind.partition(" ")
    if word == "[table":
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            yield _wrong(key, "a list of tables")
            return
        for index, item in enumerate(value):
            yield from _value(f"table {table[:-1]}", item, (*key, index), version)
    elif word == "duration" and isinstance(value, int) and not isinstance(value, bool):
        if value:
            yield (
                "R010",
                "warning",
                key,
                "a bare number is taken as nanoseconds",
                'write a duration in quotes, like "15m"',
            )
    elif word in _PAIRS and not isinstance(value, dict):
        text = f"must be {_WORDS[word]}: the runner ignores anything else in silence"
        yield "R008", "warning", key, text, f"write a [table] with the keys and values of {key[-1]}"
    elif not (word == "table" and isinstance(value, dict)):
        yield from (_wrong(key, _WORDS[word]) for good in [_CHECKS[word](value)] if not good)
    else:
        yield from check_table(table, value, key, version)


def _wrong(key: Key, what: str) -> tuple[str, Severity, Key, str, str]:
    return "R008", "error", key, f"must be {what}", "mend the type: the runner refuses the whole file for it"


def _list_of(check: Callable[[Value], bool]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _table_of(check: Callable[[Value], bool]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _text(value: Value) -> bool:
    return isinstance(value, str)


def _int(value: Value, bits: int = 64) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _float(value: Value) -> bool:
    """The decoder takes a whole number that a float can hold."""
    return isinstance(value, float) or (_int(value) and isinstance(value, int) and abs(value) < 2**53)


def _duration(value: Value) -> bool:
    return isinstance(value, str) and microseconds(value) is not None


def _time(value: Value) -> bool:
    """A time of TOML, which the decoder takes without its date too, or one in quotes."""
    if not isinstance(value, str):
        return isinstance(value, datetime | date | time)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return _QUOTED_TIME.fullmatch(value) is not None


_PAIRS = frozenset({"{str}", "{int}", "{bool}", "{[str]}", "tree"})
"""Tables whose keys are the user's own, of which the decoder takes anything that is none for no table at all."""

_CHECKS: Mapping[str, Callable[[Value], bool]] = {
    "str": _text,
    "int": _int,
    "int32": lambda value: _int(value, 32),
    "float": _float,
    "bool": lambda value: isinstance(value, bool),
    "time": _time,
    "duration": _duration,
    "[str]": _list_of(_text),
    "[int]": _list_of(_int),
    "[float]": _list_of(_float),
    "{int}": _table_of(_int),
    "str|[str]": lambda value: _text(value) or _list_of(_text)(value),
    "{str}": _table_of(_text),
    "{bool}": _table_of(lambda value: isinstance(value, bool)),
    "{[str]}": _table_of(_list_of(_text)),
    "tree": lambda value: isinstance(value, dict),
    "table": lambda _: False,
}

_WORDS: Mapping[str, str] = {
    "str": "text",
    "int": "a whole number",
    "int32": "a whole number of 32 bits",
    "float": "a number",
    "bool": "true or false",
    "time": "a time, such as 2030-01-01T00:00:00Z",
    "duration": 'a duration in quotes, like "15m"',
    "[str]": "a list of texts",
    "[int]": "a list of whole numbers",
    "[float]": "a list of numbers",
    "{int}": "a table of whole numbers",
    "str|[str]": "text, or a list of texts",
    "{str}": "a table of texts",
    "{bool}": "a table of true and false",
    "{[str]}": "a table of lists of texts",
    "tree": "a table",
    "table": "a table",
}
