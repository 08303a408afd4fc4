"""Points in time as people write them: `2026-12-01 18:00`, with a time zone or this machine's, or `4h` from now."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from runnerops.patterns import late_pattern

_MOMENT = late_pattern(r"(\d{4}-\d\d-\d\d)[ T](\d\d?:\d\d(?::\d\d)?)(?: ?(Z|[+-]\d\d:?\d\d|[A-Za-z][A-Za-z0-9_/+-]*))?")
_SPAN = late_pattern(r"(\d+)([mhd])")
_MOST_DIGITS = 5
"""Of a span: 99999 days end before the last year."""
_FIRST, _LAST = 1971, 9998
"""The years that every time zone can show as a time since 1970."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
EXAMPLE = "write 2026-12-01 18:00, followed by a zone if it is not in that of this machine: UTC, +01:00, Europe/Berlin"


class MomentError(ValueError):
    """A text is not a point in time. The message says why."""


def moment(text: str) -> datetime:
    """The point in time. If the text has no time zone, that of this machine is used. Raises MomentError."""
    match = _MOMENT.fullmatch(text.strip())
    if not match:
        raise MomentError(f"{text!r} is not a date and time")
    day, clock, zone = match.groups()
    try:
        when = datetime.fromisoformat(f"{day} {clock.zfill(len(clock) + (clock.index(':') == 1))}")
    except ValueError:
        raise MomentError(f"{text!r} does not exist") from None
    if not _FIRST <= when.year <= _LAST:
        raise MomentError(f"{text!r} is not a valid time")
    placed = when.replace(tzinfo=_zone(zone)) if zone else when.astimezone()
    if placed.astimezone(UTC).astimezone(placed.tzinfo if zone else None).replace(tzinfo=None) != when:
        raise MomentError(f"{text!r} does not exist, because clocks are set forward over it")
    return placed


def moment_or_span(text: str, now: datetime) -> datetime:
    """Like `moment`, but also accepts a time from now: `90m`, `4h`, `3d`. Raises MomentError."""
    span = _SPAN.fullmatch(text.strip())
    if span and len(span[1]) > _MOST_DIGITS:
        raise MomentError(f"{text!r} is too long")
    return now + timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else moment(text)


def in_utc(epoch: float) -> str:
    """A time in epoch seconds as text, in UTC, so that it means the same to all readers."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def to_the_second(epoch: float) -> str:
    """Like `in_utc`, with seconds, for events of which there may be several in a minute."""
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
