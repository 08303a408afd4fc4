"""`runnerops diff`: its options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import (
    DEFAULT_INVENTORY,
    Allow,
    AskSudoPassword,
    InventoryFile,
    KillJobs,
    Only,
    Output,
    PlanReports,
    TargetList,
    Verbose,
    flags_of,
    invocation,
)
from runnerops.cli.values import Format, path

SavePlan = Annotated[
    Path | None,
    typer.Option(
        "--save-plan",
        metavar="FILE",
        parser=path,
        help="Save the plan, without file contents, for `deploy --plan`.",
        show_default=False,
    ),
]
NoLogin = Annotated[
    bool,
    typer.Option(
        "--no-login", help="Work without key and secrets: render, check, and compare the public keys of hosts."
    ),
]


def diff(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    output: Output = Format.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if changes are pending.")] = False,
    allow: Allow = None,
    kill_jobs: KillJobs = False,
    only: Only = None,
    save_plan: SavePlan = None,
    report: PlanReports = None,
    no_login: NoLogin = False,
    verbose: Verbose = 0,
) -> None:
    """Show what deploy would do, and change nothing."""
    from runnerops.commands.diff import DiffOptions
    from runnerops.commands.diff import diff as run
    from runnerops.commands.reports import PLAN_FORMATS, parse_reports

    reports = parse_reports(report or [], PLAN_FORMATS)
    wishes = DiffOptions(output.is_json, exit_code, verbose, save_plan, reports, no_login)
    flags = flags_of(allow or [], kill_jobs=kill_jobs, only=only or [])
    run_command(
        lambda screen: run(invocation(inventory, targets, screen), flags, wishes),
        asks_sudo_password=ask_sudo_password,
    )
