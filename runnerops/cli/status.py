"""`runnerops status`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, Output, TargetList, invocation
from runnerops.cli.values import Format


def status(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if changes are pending.")] = False,
    output: Output = Format.TEXT,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show each host by itself, also where hosts are alike.")
    ] = False,
) -> None:
    """Show what runs on each host, and what is unfinished there.

    Also shows the last run, and files whose section was taken out of the inventory.
    """
    from runnerops.commands.status import status as run

    run_command(
        lambda screen: run(
            invocation(inventory, targets, screen), as_json=output.is_json, exit_code=exit_code, verbose=verbose
        ),
        asks_sudo_password=ask_sudo_password,
    )
