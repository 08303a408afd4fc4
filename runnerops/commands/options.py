"""Parses words of the command line into values: times, codes of blockers, services, numbers of runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runnerops.codes.blockers import BLOCKERS
from runnerops.errors import UsageError
from runnerops.model.common import ServiceName
from runnerops.parsing.near import did_you_mean

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_allow(words: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """By code, the hosts for which it is allowed (`""`: all), from words like `CODE` or `CODE@HOST`. Raises UsageError."""
    allow: dict[str, frozenset[str]] = {}
    for word in words:
        code, at, host = word.partition("@")
        if at and not host:  # of a variable that is empty, and no word for all hosts
            raise UsageError(f"{word!r} names no host after its @", f"name one, or write {code} alone for all hosts")
        row = BLOCKERS.get(code)
        if row is None:
            text = f"unknown code {code!r}{did_you_mean(code, BLOCKERS, 0.75)}"
            raise UsageError(text, "a plan prints each with its flag; docs/blockers.md lists all")
        if not row.overridable:
            raise UsageError(f"nothing overrides {code}", row.remedy)
        if not row.flag.startswith("--allow"):
            raise UsageError(f"{code} has a flag of its own", f"use {row.flag}")
        allow[code] = allow.get(code, frozenset()) | {host}
    return allow


def parse_service(text: str) -> ServiceName:
    """A managed system by the name of its section; `-` is accepted for `_`. Raises UsageError."""
    name = text.replace("-", "_")
    if name not in set(ServiceName):
        near = did_you_mean(name, [service.value for service in ServiceName], 0.5)
        raise UsageError(f"there is no service {text!r}{near}", f"name one of {', '.join(ServiceName)}")
    return ServiceName(name)


def parse_run(text: str) -> int:
    """The number of a run, or 0. Raises UsageError."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise UsageError(
            f"{text!r} is not the number of a run", "`runnerops history HOST` shows them, 0 is before the first"
        )
    return int(text)


def parse_batch(text: str) -> str:
    """A number of hosts, or a percentage. Raises UsageError."""
    from runnerops.inventory.keys.checks import Refused
    from runnerops.inventory.keys.rollout import batch

    try:
        return batch(text) or ""
    except Refused as error:
        raise UsageError(f"{text!r} {error.text}", error.hint) from None


def parse_time(text: str) -> int:
    """Seconds of `90`, `90s`, `5m` or `2h`. Raises UsageError."""
    match = re.fullmatch(r"(\d+)([smh]?)", text)
    if not match or int(match[1]) == 0:
        raise UsageError(f"{text!r} is not a time", "write a number with s, m or h: 90s, 5m, 2h")
    return int(match[1]) * _UNITS[match[2]]
