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
    """The output format."""

    TEXT = "text"
    JSON = "json"

    @property
    def is_json(self) -> bool:
        """Whether the output is for programs."""
        return self is Format.JSON


def output_format(text: str | Format) -> Format:
    """The value of `--output`."""
    if text not in set(Format):
        raise typer.BadParameter(f"{text!r} is not a format; write text or json")
    return Format(text)


def path(text: str | Path) -> Path:
    """A path of this machine that can be accessed. Whether there is a file, and what is in it, is checked by its
    reader.
    """
    try:
        Path(text).stat()
    except (FileNotFoundError, NotADirectoryError):
        return Path(text)
    # for example a name that is too long, a folder of another user, or links in a circle
    except (OSError, ValueError) as error:
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
    """A value of `--allow`. It is checked here, and parsed by `flags_of` together with all others."""
    from runnerops.commands.options import parse_allow

    _parsed(lambda: parse_allow([word]))
    return word


def service_name(word: str) -> str:
    """A value of `--only`."""
    from runnerops.commands.options import parse_service

    return _parsed(lambda: parse_service(word))


def findings_report(word: str) -> str:
    """A value of `--report` of a command that reports findings."""
    from runnerops.commands.reports import parse_reports

    _parsed(lambda: parse_reports([word]))
    return word


def plan_report(word: str) -> str:
    """A value of `--report` of a command that reports plans."""
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
    """The result of `parse`. Its UsageError becomes one of typer, which names the flag."""
    try:
        return parse()
    except UsageError as error:
        raise typer.BadParameter("; ".join(filter(None, (error.message, error.hint)))) from None
