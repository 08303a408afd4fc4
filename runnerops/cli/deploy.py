"""`runnerops deploy`: its options and help."""

from __future__ import annotations

import os

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, RunOptions, TargetList


def deploy(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
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
        )
    )
