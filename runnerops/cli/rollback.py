"""`runnerops rollback`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, DryRun, InventoryFile, NamedTargets, RunOptions, invocation
from runnerops.cli.values import run_number


def rollback(
    targets: NamedTargets,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="RUN",
            parser=run_number,
            help="Bring back the files as RUN left them (0: from before the first run). Default: from before the last change.",
            show_default=False,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    dry_run: DryRun = False,
    options: RunOptions = RunOptions(),
) -> None:
    """Bring back the files from before a run.

    Shows the plan, asks, applies and verifies it, like a deploy.
    """
    from runnerops.commands.rollback import rollback as run

    flags = options.flags()
    ui = options.ui(dry_run=dry_run)
    run_command(
        lambda screen: run(invocation(inventory, targets, screen), flags, ui, to),
        asks_sudo_password=options.ask_sudo_password,
    )
