"""Checks the values of `rollout`: in the inventory, and as flags. Pure."""

from __future__ import annotations

import re

from runnerops.inventory.keys.checks import Refused

_UNITS = {"s": 1, "m": 60, "h": 3600}


def batch(value: object) -> str | None:
    """A number of hosts, or a percentage of them, as text."""
    text = "" if isinstance(value, bool) else str(value)
    if value is not None and not re.fullmatch(r"[1-9][0-9]{0,2}%|[1-9][0-9]{0,5}", text):
        raise Refused("must be a number of hosts, or a percentage", "for example 5, or 25%")
    if text.endswith("%") and int(text[:-1]) > 100:
        raise Refused("is more than all hosts", "write at most 100%")
    return text if value is not None else None


def pause(value: object) -> int | None:
    """Converts `90s`, `10m` or `1h` to seconds; 0 means no pause."""
    if value is None or (value in ("0", 0) and not isinstance(value, bool)):
        return None if value is None else 0
    match = re.fullmatch(r"(\d{1,6})([smh])", value) if isinstance(value, str) else None
    if not match:
        raise Refused("must be a time with its unit", "for example 90s, 10m or 1h")
    return int(match[1]) * _UNITS[match[2]]


def health(value: object) -> bool | None:
    """Whether a host must pass `verify` after its run."""
    if value not in (None, "verify", "none"):
        raise Refused("must be verify or none", "with `verify`, a host must pass `runnerops verify` after its run")
    return None if value is None else value == "verify"
