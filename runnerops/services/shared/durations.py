"""Durations as Go reads them: `15m`, `1h30m0s`, `250ms`. Pure.

Source: `time.ParseDuration`, which counts nanoseconds in 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from runnerops.patterns import late_pattern

_UNITS: Mapping[str, int] = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1000,
    "µs": 1000,  # the micro sign
    "μs": 1000,  # the Greek letter
    "ns": 1,
}
_DAYS: Mapping[str, int] = {"d": 24 * _UNITS["h"], "w": 7 * 24 * _UNITS["h"]}
_PART = late_pattern(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|[smhdw])")
_WHOLE = late_pattern(rf"[+-]?(?:0|(?:{_PART.pattern})+)")
_TOO_LONG = Decimal(2**63)


def nanoseconds(text: str, *, days: bool = False) -> int | None:
    """The length of a duration, without fractions of a nanosecond. None if the text is not valid, or longer than Go can
    count (292 years).

    `days`: also accept the units `d` and `w`, which Compose adds to those of Go.
    """
    units = {**_UNITS, **_DAYS} if days else _UNITS
    parts = _PART.findall(text)
    if not _WHOLE.fullmatch(text) or any(unit not in units for _, unit in parts):
        return None
    total = sum(int(min(Decimal(number), _TOO_LONG) * units[unit]) for number, unit in parts)
    if total >= _TOO_LONG:
        return None
    return -total if text.startswith("-") else total


def is_duration(text: str, *, days: bool = False) -> bool:
    """Whether the text is a duration; `days` as for `nanoseconds`."""
    return nanoseconds(text, days=days) is not None


def in_hours(value: object) -> str:
    """What to write instead of a duration in days or weeks, which Go does not know: `write 168h`; empty for others."""
    length = nanoseconds(value, days=True) if isinstance(value, str) and not is_duration(value) else None
    return f"write {length // _UNITS['h']}h" if length and length % _UNITS["h"] == 0 else ""
