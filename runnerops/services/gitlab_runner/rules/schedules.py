"""Crontab expressions and time zones of config.toml, for keeping machines and watching the delay of jobs. Pure.

With a wrong one for docker-machine or monitoring, the file is not loaded; with one for an autoscaler, no job gets a
machine.
"""

from __future__ import annotations

import re
from typing import TypeAlias
from warnings import catch_warnings, simplefilter

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found, since
from runnerops.services.gitlab_runner.rules.periods import period_problem
from runnerops.services.gitlab_runner.version import Version

_WHOLE = "the runner refuses the whole file"
_JOBS = "every job would fail"
_PATTERN = "jobs_running_for_project"
_NOT_IN_GO = late_pattern(r"(?<!\\)(?:\\\\)*(?:\(\?(?:<?[=!]|P=|>|\()|\\[1-9])")
"""Look-around, back-references, atomic groups and conditions."""

_ONLY_IN_GO = late_pattern(r"\\[CEQpPxz]|\[\[:|\(\?(?:[imsU-]+[:)]|<\w)")
_FORMER = "US/Eastern"
"""Names of this kind exist only on some systems, or in an additional package (Debian's tzdata-legacy)."""

_Place: TypeAlias = "tuple[tuple[str, ...], str, str, str, str]"
"""The tables down to the list, its key of periods, that of the time zone, the first release that reads the list (empty:
all that are in the tables), and the effect of a wrong entry.
"""

_PLACES: tuple[_Place, ...] = (
    (("machine", "autoscaling"), "Periods", "Timezone", "", _WHOLE),
    (("monitoring", "job_queuing_durations"), "periods", "timezone", "16.10", _WHOLE),
    (("autoscaler", "policy"), "periods", "timezone", "", _JOBS),
    (("kubernetes", "autoscaler", "policy"), "periods", "timezone", "18.11", _JOBS),
)


def schedules(runner: Tree, key: Key, version: Version) -> Found:
    """Runs all rules on each entry of a runner's section, which is at `key`."""
    for path, periods, timezone, release, harm in _PLACES:
        severity = since(release, version) if release else "error"
        if not severity:
            continue
        effect = harm if severity == "error" else f"since {release}, {harm}"
        for rule, severity_of_entry, place, text, fix in _entries(runner, key, (path, periods, timezone), effect):
            yield rule, severity if severity_of_entry == "error" else severity_of_entry, place, text, fix


def _entries(runner: Tree, key: Key, names: tuple[tuple[str, ...], str, str], harm: str) -> Found:
    path, periods, timezone = names
    for index, entry in enumerate(_list(runner, path)):
        if isinstance(entry, dict):
            place = (*key, *path, index)
            yield from _periods(entry.get(periods), (*place, periods), harm)
            yield from _timezone(entry.get(timezone), (*place, timezone), harm)
            yield from _pattern(entry.get(_PATTERN), (*place, _PATTERN), harm)


def _list(tree: Tree, path: tuple[str, ...]) -> list[Value]:
    value: Value = tree
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _periods(value: Value, key: Key, harm: str) -> Found:
    for at, text in enumerate(value if isinstance(value, list) else ()):
        if isinstance(text, str) and (problem := period_problem(text)):
            yield "R019", "error", (*key, at), f"{problem}: {harm}", 'write for example "* * 9-17 * * mon-fri *"'


def _timezone(value: Value, key: Key, harm: str) -> Found:
    if not isinstance(value, str) or _is_timezone(value):
        return
    if _is_there(_FORMER):
        text = f"is not a time zone: {harm}"
        yield "R019", "error", key, text, "write UTC, Local or a name such as Europe/Berlin"
    else:
        text = (
            "is not a time zone on this machine, which does not have former names (US/Eastern); if the host does not"
            " either, "
        )
        yield "R019", "warning", key, f"{text}{harm}", "write a current name, such as America/New_York"


def _pattern(value: Value, key: Key, harm: str) -> Found:
    """A text that is not a regular expression of Go. Python accepts more; what only Go accepts is not judged."""
    problem = ""
    if isinstance(value, str) and (further := _NOT_IN_GO.search(value)):
        problem = f"is no regular expression of Go, which has no {further[0]}"
    elif isinstance(value, str) and not _ONLY_IN_GO.search(value):
        try:
            with catch_warnings():
                simplefilter("ignore", FutureWarning)  # forms that Python may read differently some day
                re.compile(value)
        except re.error as error:
            problem = f"is no regular expression: {error.msg} at character {(error.pos or 0) + 1}"
    if problem:
        yield "R019", "error", key, f"{problem}: {harm}", ""


def _is_timezone(name: str) -> bool:
    """Whether this machine knows the time zone, if it has a list of them. The runner uses its host's list."""
    if name in {"", "UTC", "Local"} or not _is_there("Europe/Berlin"):
        return True
    return _is_there(name)


def _is_there(name: str) -> bool:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  few files have a time zone

    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # no such file, or a path outside of the list
        return False
    except LookupError:
        return False
    return True
