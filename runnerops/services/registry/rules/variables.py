"""Variables without which Compose refuses a file, and whether its `.env` gives them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.model.common import Value

_WANTED = re.compile(r"(?<!\$)(?:\$\$)*\$\{([A-Za-z_]\w*)(:?)\?")
_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*(?:[=:][ \t]*(.*))?$", re.MULTILINE)
_NOTHING = re.compile(r"(?:''|\"\")?\s*(?:#.*)?")


def wanted_variables(value: str) -> dict[str, bool]:
    """Names of the variables that this text demands; true where an empty one will not do either (`${NAME:?}`)."""
    wanted: dict[str, bool] = {}
    for name, colon in _WANTED.findall(value):
        wanted[name] = wanted.get(name, False) or bool(colon)
    return wanted


def variables_in(text: str) -> dict[str, bool]:
    """Names that a `.env` of Compose sets, and whether to something; a name without `=` sets nothing."""
    lines = (match for match in _LINE.finditer(text.removeprefix("\ufeff")) if match[2] is not None)
    return {match[1]: not _NOTHING.fullmatch(match[2].strip()) for match in lines}


def is_given(value: Value, given: Mapping[str, bool]) -> bool:
    """Whether all that this text demands is set; `given` as `variables_in` gives it."""
    wanted = wanted_variables(value) if isinstance(value, str) else {}
    return all(name in given and (given[name] or not filled) for name, filled in wanted.items())
