"""Finds variables without which Compose refuses a file, and reads its `.env`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.model.common import Value
from runnerops.patterns import late_pattern

_WANTED = late_pattern(r"(?<!\$)(?:\$\$)*\$\{([A-Za-z_]\w*)(:?)\?")
_NAMED = late_pattern(r"\$\{?([A-Za-z_]\w*)")
_LINE = late_pattern(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*(?:[=:][ \t]*(.*))?$", re.MULTILINE)
_QUOTED = late_pattern(r"'[^']*'|\"[^\"\\]*\"")
_NOTHING = late_pattern(r"(?:''|\"\")?\s*(?:#.*)?")


def wanted_variables(value: str) -> dict[str, bool]:
    """Returns the variables that a text requires, with true if they must not be empty either (`${NAME:?}`)."""
    wanted: dict[str, bool] = {}
    for name, colon in _WANTED.findall(value):
        wanted[name] = wanted.get(name, False) or bool(colon)
    return wanted


def names_in(text: str) -> set[str]:
    """Returns at least the names of all variables that a Compose file uses."""
    return {*_NAMED.findall(text)}


def variables_in(text: str) -> dict[str, str | None]:
    """Returns what a `.env` of Compose sets; None for a value that is not known. A name without `=` sets nothing."""
    lines = (match for match in _LINE.finditer(text.removeprefix("\ufeff")) if match[2] is not None)
    return {match[1]: _held(match[2].strip()) for match in lines}


def _held(text: str) -> str | None:
    if _NOTHING.fullmatch(text):
        return ""
    quoted = _QUOTED.match(text)
    value = quoted[0][1:-1] if quoted else text.partition(" #")[0].rstrip()
    plain = quoted is not None and text[0] == "'"
    return value if plain or not any(sign in value for sign in "$\\\"'") else None


def is_given(value: Value, set_values: Mapping[str, str | None]) -> bool:
    """Whether everything that a text requires is set. `set_values`: as from `variables_in`."""
    wanted = wanted_variables(value) if isinstance(value, str) else {}
    return all(name in set_values and (set_values[name] != "" or not filled) for name, filled in wanted.items())
