"""The kinds of values in config.toml: which values belong to one, its name, and how it is written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from runnerops.model.common import Value
from runnerops.patterns import late_pattern
from runnerops.services.shared.durations import nanoseconds

_QUOTED_TIME = late_pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def _list_of(check: Callable[[Value], bool]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _table_of(check: Callable[[Value], bool]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _text(value: Value) -> bool:
    return isinstance(value, str)


def _int(value: Value, bits: int = 64) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _float(value: Value) -> bool:
    """The decoder accepts a whole number that a float can hold."""
    return isinstance(value, float) or (_int(value) and isinstance(value, int) and abs(value) < 2**53)


def _duration(value: Value) -> bool:
    return isinstance(value, str) and nanoseconds(value) is not None


def _time(value: Value) -> bool:
    """A time of TOML, which the decoder accepts without its date too, or one in quotes."""
    if not isinstance(value, str):
        return isinstance(value, datetime | date | time)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return _QUOTED_TIME.fullmatch(value) is not None


ITEMS: Mapping[str, str] = {
    "[str]": "str",
    "[int]": "int",
    "[float]": "float",
    "{str}": "str",
    "{int}": "int",
    "{bool}": "bool",
    "{[str]}": "[str]",
}
"""By the kind of a list or table: that of each item."""

_TEXT_FIX = 'put it in quotes: "…"'
_NUMBER_FIX = "write it in digits, without quotes"
FIXES: Mapping[str, str] = {
    "str": _TEXT_FIX,
    "int": _NUMBER_FIX,
    "int32": _NUMBER_FIX,
    "float": _NUMBER_FIX,
    "bool": "write true or false, without quotes",
    "time": "write it without quotes",
    "duration": 'write it in quotes with a unit: "15m"',
    "[str]": 'write ["ONE", "TWO"]',
    "[int]": "write [1, 2]",
    "[float]": "write [0.5, 1]",
    "str|[str]": 'write "ONE", or ["ONE", "TWO"]',
    "table": "write a [table] of this name, with its keys below",
    "[table]": "write its name in double brackets, [[…]], once for each",
}

PAIRS = frozenset({"{str}", "{int}", "{bool}", "{[str]}", "tree"})
"""Tables whose keys are the user's own. The decoder treats any value that is not a table as a missing one."""

CHECKS: Mapping[str, Callable[[Value], bool]] = {
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

WORDS: Mapping[str, str] = {
    "str": "text",
    "int": "a whole number",
    "int32": "a whole number that fits into 32 bits",
    "float": "a number",
    "bool": "true or false",
    "time": "a time, such as 2030-01-01T00:00:00Z",
    "duration": 'a duration in quotes, like "15m"',
    "[str]": "a list of strings",
    "[int]": "a list of whole numbers",
    "[float]": "a list of numbers",
    "{int}": "a table of whole numbers",
    "str|[str]": "text, or a list of strings",
    "{str}": "a table of strings",
    "{bool}": "a table of true and false",
    "{[str]}": "a table of lists of strings",
    "tree": "a table",
    "table": "a table",
    "[table]": "a list of tables",
}


def as_list(value: Value, between: str) -> str:
    """What to write for a text, or for a table of texts, where a list of strings is expected; empty if that is unclear."""
    if isinstance(value, str):
        return f'write ["{value}"]'
    pairs = value.items() if isinstance(value, dict) else ()
    texts = [f'"{name}{between}{item}"' for name, item in pairs if isinstance(item, str | int)]
    return f"write [{', '.join(texts)}]" if texts and len(texts) == len(pairs) else ""


def as_table(value: Value, word: str, between: str) -> str:
    """What to write for a list where a table of strings, or of true and false, is expected; empty if that is unclear. Name
    and text are parted by the first `=`, or by the last of another sign.
    """
    pairs = [pair for pair in value if isinstance(pair, str)] if isinstance(value, list) else []
    names = [
        pair.partition("=") if between == "=" or between not in pair else pair.rpartition(between) for pair in pairs
    ]
    if word == "{bool}" and names:
        return "write { " + ", ".join(f"{name} = true" for name, _, _ in names) + " }"
    if word == "{str}" and names:
        return "write { " + ", ".join(f'"{name}" = "{text}"' for name, _, text in names) + " }"
    return ""
