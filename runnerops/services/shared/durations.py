"""Durations as Go reads them: `15m`, `1h30m0s`, `250ms`. Pure.

Source: `time.ParseDuration`, which counts nanoseconds in 64 bits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

_UNITS: Mapping[str, int | Fraction] = {
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
    "µs": 1,  # the micro sign
    "μs": 1,  # the Greek letter
    "ns": Fraction(1, 1000),
}
_DAYS: Mapping[str, int] = {"d": 24 * 3_600_000_000, "w": 7 * 24 * 3_600_000_000}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|[smhdw])")
_WHOLE = re.compile(rf"[+-]?(?:0|(?:{_PART.pattern})+)")
_LONGEST = Fraction(2**63 - 1, 1000)


def microseconds(text: str, *, days: bool = False) -> Fraction | None:
    """The length of a duration; None if the text is not valid, or longer than Go can count (292 years).

    `days`: also accept the units `d` and `w`, which Compose adds to those of Go.
    """
    units = {**_UNITS, **_DAYS} if days else _UNITS
    parts = _PART.findall(text)
    if not _WHOLE.fullmatch(text) or any(unit not in units for _, unit in parts):
        return None
    total = sum((Fraction(Decimal(number)) * units[unit] for number, unit in parts), Fraction(0))
    if total > _LONGEST:
        return None
    return -total if text.startswith("-") else total


def is_duration(text: str, *, days: bool = False) -> bool:
    """Whether the text is a duration; `days` as for `microseconds`."""
    return microseconds(text, days=days) is not None
