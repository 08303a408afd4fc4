"""Crontab expressions as gitlab-runner reads them: five to seven fields, with seconds first and the year last. Pure.

Source: gorhill/cronexpr, which the runner uses.
"""

from __future__ import annotations

import re

_MACROS = frozenset({"@annually", "@yearly", "@monthly", "@weekly", "@daily", "@hourly"})
_FIELDS = (
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
    ("year", 1970, 2099),
)
_NAMES = {
    "month": "jan feb mar apr may jun jul aug sep oct nov dec",
    "day of the week": "sun mon tue wed thu fri sat",
}
_MARKS = {"day of the month": r"|[lL]|[lL]?[wW]|\d+[wW]", "day of the week": r"|\d?[lL]|\d#\d"}


def period_problem(text: str) -> str:
    """Why an expression is not valid; empty if it is."""
    if text.strip() in _MACROS:
        return ""
    fields = text.split()
    if len(fields) < 5:
        return f"has {len(fields)} fields, but needs at least 5"
    field_names = _FIELDS if len(fields) > 6 else _FIELDS[1:]
    for field, (name, low, high) in zip(fields, field_names, strict=False):
        if not all(_fits(part, name, low, high) for part in field.split(",")):
            return f"has {field!r} for the {name}"
    return ""


def _fits(part: str, name: str, low: int, high: int) -> bool:
    if re.fullmatch(f"(?:\\*|\\?{_MARKS.get(name, '')})", part):
        return True
    value = r"\d+|[a-z]{3,9}" if name in _NAMES else r"\d+"
    match = re.fullmatch(rf"(?:\*|({value})(?:-({value}))?)(?:/\d+)?", part.lower())
    ends = [end for end in match.groups() if end] if match else []
    return match is not None and all(_is_one(end, name, low, high) for end in ends)


def _is_one(text: str, name: str, low: int, high: int) -> bool:
    if text.isdecimal():
        return low <= int(text) <= high
    return text[:3] in _NAMES.get(name, "").split()
