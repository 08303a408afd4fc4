"""`runnerops deploy`: its options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import (
    DEFAULT_INVENTORY,
    InventoryFile,
    Only,
    RolloutOptions,
    RunOptions,
    TargetList,
    invocation,
    seconds,
)


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
    only: Only = None,
    rollout: RolloutOptions = RolloutOptions(),
    options: RunOptions = RunOptions(),
) -> None:
    """Show the plan, confirm, apply it and verify the result."""
    from dataclasses import replace

    from runnerops.commands.deploy import PlanFile
    from runnerops.commands.deploy import deploy as run

    held = PlanFile(plan, plan_age) if plan else None
    from runnerops.commands.options import parse_service

    flags = replace(options.flags(), only=frozenset(map(parse_service, only or [])))
    run_command(
        lambda screen: run(invocation(inventory, targets, screen), flags, options.ui(), rollout.over, held),
        asks_sudo_password=options.ask_sudo_password,
    )
