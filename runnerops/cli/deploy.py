"""`runnerops deploy`: its options and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, RunOptions, TargetList, seconds


def deploy(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Deploy what `diff --save-plan FILE` showed; nothing where it is not that any more.",
            show_default=False,
        ),
    ] = None,
    plan_age: Annotated[
        int,
        typer.Option(
            "--plan-age",
            metavar="TIME",
            help="How old a saved plan may be.  [default: 24h]",
            show_default=False,
            parser=seconds,
        ),
    ] = 86400,
    options: RunOptions = RunOptions(),
) -> None:
    """Show the plan, confirm, apply it and verify the result."""
    from runnerops.commands.deploy import deploy as run

    run_command(
        lambda screen: run(
            inventory,
            targets or [],
            os.environ,
            screen,
            options.flags(),
            options.ui(),
            plan,
            plan_age,
        ),
        asks_sudo_password=options.ask_sudo_password,
    )
