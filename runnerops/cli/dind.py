"""`runnerops dind`: its options and help."""

from __future__ import annotations

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, Output
from runnerops.cli.values import Format


def dind(inventory: InventoryFile = DEFAULT_INVENTORY, output: Output = Format.TEXT) -> None:
    """Print the settings of a job for Docker-in-Docker with a cache.

    For runners that are not managed here.
    """
    from runnerops.commands.dind import dind as run

    run_command(lambda screen: run(inventory, screen, as_json=output.is_json))
