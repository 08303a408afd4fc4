"""Points in time as people write them: `2026-12-01 18:00`, with a time zone or this machine's, or `4h` from now."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from runnerops.patterns import late_pattern

_MOMENT = late_pattern(r"(\d{4}-\d\d-\d\d)[ T](\d\d?:\d\d(?::\d\d)?)(?: ?(Z|[+-]\d\d:?\d\d|[A-Za-z][A-Za-z0-9_/+-]*))?")
_SPAN = late_pattern(r"(\d{1,5})([mhd])")
_FIRST, _LAST = 1971, 9998
"""Years that every zone's clock can show, and that count from 1970."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
EXAMPLE = "write 2026-12-01 18:00, followed by a zone if it is not in that of this machine: UTC, +01:00, Europe/Berlin"


class MomentError(ValueError):
    """What is wrong with a point in time."""


def moment(text: str) -> datetime:
    """The time meant, with its zone; one without is this machine's. Raises MomentError."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise MomentError(f"{text!r} is not a date and time")
    day, clock, zone = found.groups()
    try:
        when = datetime.fromisoformat(f"{day} {clock.zfill(len(clock) + (clock.index(':') == 1))}")
    except ValueError:
        raise MomentError(f"{text!r} does not exist") from None
    if not _FIRST <= when.year <= _LAST:
        raise MomentError(f"{text!r} is not a valid time")
    return when.replace(tzinfo=_zone(zone)) if zone else when.astimezone()


def moment_or_span(text: str, now: datetime) -> datetime:
    """The same, or `90m`, `4h`, `3d` from now. Raises MomentError."""
    span = _SPAN.fullmatch(text.strip())
    return now + timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else moment(text)


def in_utc(epoch: float) -> str:
    """A time, in seconds since 1970, as people are told it: in UTC, which means the same to all who read it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def to_the_second(epoch: float) -> str:
    """The same with its seconds: when something began, of which there may be several in a minute."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _zone(name: str) -> tzinfo:
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if offset:
        span = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if span < timedelta(hours=24):
            return timezone(span if offset[1] == "+" else -span)
    elif name in {"Z", "UTC", "GMT"}:
        return UTC
    else:
        from zoneinfo import ZoneInfo  # noqa: PLC0415  few times have a named zone

        with contextlib.suppress(KeyError, ValueError, OSError):
            return ZoneInfo(name)
    raise MomentError(f"{name!r} is not a time zone that this machine knows")
