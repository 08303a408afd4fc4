"""`runnerops hosts`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, Output, TargetList, invocation
from runnerops.cli.values import Format


def hosts(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    explain: Annotated[
        str,
        typer.Option(
            "--explain",
            metavar="HOST",
            help="Show each value of this host and where it comes from.",
            show_default=False,
            autocompletion=completion.hosts,
        ),
    ] = "",
    output: Output = Format.TEXT,
) -> None:
    """List the hosts with their services and caches."""
    from runnerops.commands.hosts import hosts as run

    run_command(lambda screen: run(invocation(inventory, targets, screen), explain, as_json=output.is_json))
