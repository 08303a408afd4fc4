"""`runnerops rotate`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, DryRun, InventoryFile, OneHost, RunOptions, invocation


def rotate(
    host: OneHost,
    runner: Annotated[
        str,
        typer.Argument(
            metavar="RUNNER", help="Name of the runner; not needed if it is the only one.", show_default=False
        ),
    ] = "",
    inventory: InventoryFile = DEFAULT_INVENTORY,
    dry_run: DryRun = False,
    options: RunOptions = RunOptions(),
) -> None:
    """Get a new token for a runner, and bring it to its host.

    GitLab gives the token. The plan is shown, confirmed, applied and verified, like
    a deploy. No job is lost.
    """
    from runnerops.commands.rotate import rotate as run

    flags = options.flags()
    ui = options.ui(dry_run=dry_run)
    run_command(
        lambda screen: run(invocation(inventory, [host], screen), runner, flags, ui),
        asks_sudo_password=options.ask_sudo_password,
    )
