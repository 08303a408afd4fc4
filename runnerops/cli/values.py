"""Parsers of option values. A bad value is reported by typer, with the flag that it was given to (exit code 2)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import typer

from runnerops.errors import UsageError

Parsed = TypeVar("Parsed")
_SHOWN = 80
"""How many characters of a path a message shows."""


class Format(StrEnum):
    """How to print the answer."""

    TEXT = "text"
    JSON = "json"

    @property
    def is_json(self) -> bool:
        """Whether programs read it."""
        return self is Format.JSON


def output_format(text: str | Format) -> Format:
    """The value of `--output`."""
    if text not in set(Format):
        raise typer.BadParameter(f"{text!r} is not a format; write text or json")
    return Format(text)


def path(text: str | Path) -> Path:
    """A path of this machine that can be looked at, whether there is a file or not: what is there its reader tells."""
    try:
        Path(text).stat()
    except (FileNotFoundError, NotADirectoryError):
        return Path(text)
    except (OSError, ValueError) as error:  # a name too long, a folder of somebody else's, links in a circle
        shown = str(text) if len(str(text)) <= _SHOWN else f"{str(text)[:_SHOWN]}…"
        raise typer.BadParameter(f"{shown!r}: {getattr(error, 'strerror', None) or error}") from None
    return Path(text)


def seconds(text: str | int) -> int:
    """The value of a flag that takes a time."""
    from runnerops.commands.options import parse_time

    return _parsed(lambda: parse_time(str(text)))


def run_number(text: str | int) -> int:
    """The value of `--to`."""
    from runnerops.commands.options import parse_run

    return _parsed(lambda: parse_run(str(text)))


def blocker_code(word: str) -> str:
    """A value of `--allow`; it is checked here and taken apart by `flags_of`, which has all of them."""
    from runnerops.commands.options import parse_allow

    _parsed(lambda: parse_allow([word]))
    return word


def service_name(word: str) -> str:
    """A value of `--only`."""
    from runnerops.commands.options import parse_service

    return _parsed(lambda: parse_service(word))


def findings_report(word: str) -> str:
    """A value of `--report` where findings are reported."""
    from runnerops.commands.reports import parse_reports

    _parsed(lambda: parse_reports([word]))
    return word


def plan_report(word: str) -> str:
    """A value of `--report` where a plan is reported."""
    from runnerops.commands.reports import PLAN_FORMATS, parse_reports

    _parsed(lambda: parse_reports([word], PLAN_FORMATS))
    return word


def batch_size(text: str) -> str:
    """The value of `--batch`."""
    from runnerops.commands.options import parse_batch

    return _parsed(lambda: parse_batch(text))


def health_check(text: str) -> str:
    """The value of `--health`."""
    if text not in {"verify", "none"}:
        raise typer.BadParameter(f"{text!r} is neither verify nor none")
    return text


def host_count(text: str | int) -> int:
    """The value of `--max-failures`."""
    if not str(text).isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{str(text)!r} is not a number of hosts; write 1 or more")
    return int(text)


def _parsed(parse: Callable[[], Parsed]) -> Parsed:
    """What `parse` gives; its UsageError becomes typer's, which names the flag."""
    try:
        return parse()
    except UsageError as error:
        raise typer.BadParameter("; ".join(filter(None, (error.message, error.hint)))) from None
