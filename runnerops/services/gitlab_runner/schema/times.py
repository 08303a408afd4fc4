"""Durations as Go writes them: `15m`, `1h30m0s`, `250ms`. Pure."""

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
_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_WHOLE = re.compile(rf"[+-]?(?:0|(?:{_PART})+)")


def microseconds(text: str) -> Fraction | None:
    """The length of a duration; None where the text is none."""
    if not _WHOLE.fullmatch(text):
        return None
    total = sum((Fraction(Decimal(number)) * _UNITS[unit] for number, unit in re.findall(_PART, text)), Fraction(0))
    return -total if text.startswith("-") else total
