"""Options that several commands take, each declared once, and what they say as values."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from runnerops.errors import UsageError

if TYPE_CHECKING:
    from runnerops.engine.options import Flags, Invocation, UiOptions
    from runnerops.model.rollout import Rollout
    from runnerops.report.screen import Screen

Parsed = TypeVar("Parsed")


class Format(StrEnum):
    """How to print the answer."""

    TEXT = "text"
    JSON = "json"

    @property
    def is_json(self) -> bool:
        """Whether programs read it."""
        return self is Format.JSON


def _format(text: str | Format) -> Format:
    if text not in set(Format):
        raise typer.BadParameter(f"{text!r} is no format; write text or json")
    return Format(text)


def seconds(text: str | int) -> int:
    """What a flag takes that is a time."""
    from runnerops.commands.options import parse_time

    return _usage(lambda: parse_time(str(text)))


def run_number(text: str | int) -> int:
    """What `--to` takes."""
    from runnerops.commands.options import parse_run

    return _usage(lambda: parse_run(str(text)))


def _code(word: str) -> str:
    from runnerops.commands.options import parse_allow

    _usage(lambda: parse_allow([word]))
    return word


def _service(word: str) -> str:
    from runnerops.commands.options import parse_service

    return _usage(lambda: parse_service(word))


def _report(word: str) -> str:
    from runnerops.commands.reports import parse_reports

    _usage(lambda: parse_reports([word]))
    return word


def _plan_report(word: str) -> str:
    from runnerops.commands.reports import PLAN_FORMATS, parse_reports

    _usage(lambda: parse_reports([word], PLAN_FORMATS))
    return word


def _usage(parse: Callable[[], Parsed]) -> Parsed:
    """A bad value as typer tells one: with the flag that it was given to."""
    try:
        return parse()
    except UsageError as error:
        raise typer.BadParameter("; ".join(filter(None, (error.message, error.hint)))) from None


TargetList = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET", help="Hosts, groups or globs; !NAME leaves out; none means all.", show_default=False
    ),
]
NamedTargets = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET…", help="Hosts, groups or globs, at least one; !NAME leaves out.", show_default=False
    ),
]
OneHost = Annotated[str, typer.Argument(metavar="HOST", help="One host of the inventory.", show_default=False)]
InventoryFile = Annotated[
    list[Path],
    typer.Option("-i", "--inventory", metavar="PATH", help="The inventory: a file or a folder; may be repeated."),
]
Output = Annotated[
    Format, typer.Option("-o", "--output", metavar="text|json", parser=_format, help="How to print the answer.")
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, metavar="", help="Each step and its command; -vv: uncut.", show_default=False
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CODE[@HOST]",
        help="Override a blocker, for all hosts or for one; may be repeated.",
        show_default=False,
        parser=_code,
    ),
]
Report = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="DIR|FORMAT=FILE",
        help="Write what was found as codequality, junit and sarif into DIR, or one of them into FILE; may be repeated.",
        show_default=False,
        parser=_report,
    ),
]
PlanReports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="DIR|FORMAT=FILE",
        help="Write the plan as terraform (GitLab's widget) and markdown into DIR, or one into FILE; may be repeated.",
        show_default=False,
        parser=_plan_report,
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="SERVICE",
        help="Only docker, registry or gitlab_runner; the others stay as they are. May be repeated.",
        show_default=False,
        parser=_service,
    ),
]
KillJobs = Annotated[bool, typer.Option("--kill-jobs", help="Go on although running CI jobs end with it.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Skip the confirmation; overrides no safety check.")]
VerifyTimeout = Annotated[
    int,
    typer.Option(
        "--verify-timeout",
        metavar="TIME",
        help="How long a service may take to show that it runs what it should.  [default: 60s]",
        show_default=False,
        parser=seconds,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what it would do; changes nothing.")]
DrainTimeout = Annotated[
    int,
    typer.Option(
        "--drain-timeout",
        metavar="TIME",
        help="How long running jobs may take before a restart is given up.  [default: 2h]",
        show_default=False,
        parser=seconds,
    ),
]
NoWait = Annotated[
    bool,
    typer.Option("--no-wait", help="Leave as soon as a host waits for running jobs; it goes on by itself (exit 3)."),
]
LockWait = Annotated[
    int | None,
    typer.Option(
        "--lock-wait",
        metavar="TIME",
        help="Wait that long for another run on a host to end (90s, 5m, 2h), then plan anew.",
        show_default=False,
        parser=seconds,
    ),
]
AskSudoPassword = Annotated[
    bool, typer.Option("--ask-sudo-password", help="Ask for the password that sudo wants on the hosts.")
]
DEFAULT_INVENTORY = [Path("inventory.yml")]


def invocation(inventory: list[Path], targets: list[str] | None, screen: Screen) -> Invocation:
    """What a command is given that takes an inventory and hosts of it."""
    from runnerops.engine.options import Invocation

    return Invocation(inventory, targets or [], os.environ, screen)


def _batch(text: str) -> str:
    from runnerops.commands.options import parse_batch

    return _usage(lambda: parse_batch(text))


def _health(text: str) -> str:
    if text not in {"verify", "none"}:
        raise typer.BadParameter(f"{text!r} is neither verify nor none")
    return text


def _failures(text: str | int) -> int:
    if not str(text).isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{str(text)!r} is no number of hosts; write 1 or more")
    return int(text)


@dataclass(frozen=True)
class RolloutOptions:
    """What stands in the place of the inventory's `rollout`."""

    canary: Annotated[
        str | None,
        typer.Option("--canary", metavar="HOST", help="The host that goes first, alone.", show_default=False),
    ] = None
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="N|N%",
            help="How many hosts may be disturbed at a time.  [default: 25%]",
            show_default=False,
            parser=_batch,
        ),
    ] = None
    max_failures: Annotated[
        int | None,
        typer.Option(
            "--max-failures",
            metavar="N",
            parser=_failures,
            help="After so many failed hosts no further one is begun.  [default: 1]",
            show_default=False,
        ),
    ] = None
    pause: Annotated[
        int | None,
        typer.Option(
            "--pause", metavar="TIME", help="Time between batches.  [default: none]", show_default=False, parser=seconds
        ),
    ] = None
    health: Annotated[
        str | None,
        typer.Option(
            "--health",
            metavar="verify|none",
            help="verify: each host must pass it after its run, or no further batch begins.  [default: none]",
            show_default=False,
            parser=_health,
        ),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a rollout that stopped: the canary goes last, not first.")
    ] = False

    def over(self, usual: Rollout) -> Rollout:
        """Those of the inventory with these in their place."""
        canary = usual.canary if self.canary is None else self.canary
        canary, last = ("", canary) if self.resume else (canary, "")
        said: dict[str, Any] = {"batch": self.batch, "max_failures": self.max_failures, "pause_s": self.pause}
        said["health"] = None if self.health is None else self.health == "verify"
        given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        return replace(usual, canary=canary, last=last, **given)


@dataclass(frozen=True)
class RunOptions:
    """What every command takes that changes hosts."""

    yes: Yes = False
    allow: Allow = None
    kill_jobs: KillJobs = False
    drain_timeout: DrainTimeout = 7200
    no_wait: NoWait = False
    verify_timeout: VerifyTimeout = 60
    lock_wait: LockWait = None
    ask_sudo_password: AskSudoPassword = False
    output: Output = Format.TEXT
    verbose: Verbose = 0

    def flags(self) -> Flags:
        """What a run may do."""
        flags = flags_of(self.allow or [], kill_jobs=self.kill_jobs)
        lock_wait_s = self.lock_wait or 0
        flags = replace(flags, drain_s=self.drain_timeout, verify_s=self.verify_timeout, lock_wait_s=lock_wait_s)
        return replace(flags, no_wait=self.no_wait)

    def ui(self, *, dry_run: bool = False) -> UiOptions:
        """How the user is asked and told."""
        from runnerops.engine.options import UiOptions

        return UiOptions(self.yes, self.output.is_json, self.verbose, self.no_wait, dry_run)


def flags_of(allow: Sequence[str], *, kill_jobs: bool, only: Sequence[str] = ()) -> Flags:
    """What a plan may hold."""
    from runnerops.commands.options import parse_allow, parse_service
    from runnerops.engine.options import Flags

    return Flags(parse_allow(allow), kill_jobs, only=frozenset(map(parse_service, only)))
