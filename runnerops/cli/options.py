"""Options that several commands have, each declared once, and their values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.values import (
    Format,
    blocker_code,
    findings_report,
    output_format,
    path,
    plan_report,
    seconds,
    service_name,
)

if TYPE_CHECKING:
    from runnerops.engine.options import Flags, Invocation, UiOptions
    from runnerops.report.screen import Screen


TargetList = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET",
        help="Hosts, groups or globs; !NAME leaves one out. Default: all hosts.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
NamedTargets = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET…",
        help="Hosts, groups or globs (at least one); !NAME leaves one out.",
        show_default=False,
        autocompletion=completion.targets,
    ),
]
OneHost = Annotated[
    str,
    typer.Argument(
        metavar="HOST", help="One host of the inventory.", show_default=False, autocompletion=completion.hosts
    ),
]
InventoryFile = Annotated[
    list[Path],
    typer.Option("-i", "--inventory", metavar="PATH", parser=path, help="Inventory file or folder; may be repeated."),
]
Output = Annotated[
    Format, typer.Option("-o", "--output", metavar="text|json", parser=output_format, help="Output format.")
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v",
        "--verbose",
        count=True,
        metavar="",
        help="Show each step with its command; -vv: uncut.",
        show_default=False,
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CODE[@HOST]",
        help="Override a blocker on all hosts, or on HOST; may be repeated.",
        show_default=False,
        parser=blocker_code,
        autocompletion=completion.overridable,
    ),
]
Report = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="DIR|FORMAT=FILE",
        help="Write reports of the findings (codequality, junit, sarif) into DIR, or one of them into FILE; may be repeated.",
        show_default=False,
        parser=findings_report,
    ),
]
PlanReports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="DIR|FORMAT=FILE",
        help="Write reports of the plan (terraform for merge requests, markdown) into DIR, or one into FILE; may be repeated.",
        show_default=False,
        parser=plan_report,
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="SERVICE",
        help="Only docker, registry or gitlab_runner, leaving the others as they are; may be repeated.",
        show_default=False,
        parser=service_name,
        autocompletion=completion.services,
    ),
]
KillJobs = Annotated[bool, typer.Option("--kill-jobs", help="Do not wait for running CI jobs; a restart ends them.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation. Overrides no blocker.")]
VerifyTimeout = Annotated[
    int,
    typer.Option(
        "--verify-timeout",
        metavar="TIME",
        help="How long to wait until a service is shown to run its new configuration.  [default: 60s]",
        show_default=False,
        parser=seconds,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the plan; change nothing.")]
DrainTimeout = Annotated[
    int,
    typer.Option(
        "--drain-timeout",
        metavar="TIME",
        help="How long to wait for running jobs before giving up.  [default: 2h]",
        show_default=False,
        parser=seconds,
    ),
]
NoWait = Annotated[
    bool,
    typer.Option("--no-wait", help="Exit (with 3) once a host waits for running jobs; its run continues by itself."),
]
LockWait = Annotated[
    int | None,
    typer.Option(
        "--lock-wait",
        metavar="TIME",
        help="If another run is in progress, wait this long for its end (90s, 5m, 2h), then make a new plan.",
        show_default=False,
        parser=seconds,
    ),
]
AskSudoPassword = Annotated[bool, typer.Option("--ask-sudo-password", help="Ask for the sudo password of the hosts.")]
DEFAULT_INVENTORY = [Path("inventory.yml")]


def invocation(inventory: list[Path], targets: list[str] | None, screen: Screen) -> Invocation:
    """The values for a command that works on hosts of an inventory."""
    from runnerops.engine.options import Invocation

    return Invocation(inventory, targets or [], os.environ, screen)


@dataclass(frozen=True)
class RunOptions:
    """The options of every command that changes hosts."""

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

    def flags(self, only: Sequence[str] = ()) -> Flags:
        """The value that says what a run may do."""
        flags = flags_of(self.allow or [], kill_jobs=self.kill_jobs, only=only)
        lock_wait_s = self.lock_wait or 0
        flags = replace(flags, drain_s=self.drain_timeout, verify_s=self.verify_timeout, lock_wait_s=lock_wait_s)
        return replace(flags, no_wait=self.no_wait)

    def ui(self, *, dry_run: bool = False) -> UiOptions:
        """The value that says how the user is asked and informed."""
        from runnerops.engine.options import UiOptions

        return UiOptions(self.yes, self.output.is_json, self.verbose, self.no_wait, dry_run)


def flags_of(allow: Sequence[str], *, kill_jobs: bool, only: Sequence[str] = ()) -> Flags:
    """The flags of a command that only plans: `--allow`, `--kill-jobs` and `--only`."""
    from runnerops.commands.options import parse_allow, parse_service
    from runnerops.engine.options import Flags

    return Flags(parse_allow(allow), kill_jobs, only=frozenset(map(parse_service, only)))
