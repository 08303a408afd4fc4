"""`runnerops catalog`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, Output, TargetList, invocation
from runnerops.cli.values import Format


def catalog(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    tags: Annotated[bool, typer.Option("--tags", help="Also list the tags.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """List what the caches hold."""
    from runnerops.commands.catalog import catalog as run

    run_command(
        lambda screen: run(invocation(inventory, targets, screen), tags=tags, as_json=output.is_json),
        asks_sudo_password=ask_sudo_password,
    )
