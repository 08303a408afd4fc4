"""`runnerops history`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import (
    DEFAULT_INVENTORY,
    AskSudoPassword,
    InventoryFile,
    NamedTargets,
    Output,
    Verbose,
    invocation,
)
from runnerops.cli.values import Format


def history(
    targets: NamedTargets,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Follow runs in progress until they end. The exit code is that of the worst one."
        ),
    ] = False,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Show the last runs of hosts, and how they ended.

    Also shows who started each run, from where, and what it did.
    """
    from runnerops.commands.history import history as run

    run_command(
        lambda screen: run(
            invocation(inventory, targets, screen), follow=follow, as_json=output.is_json, verbose=verbose
        ),
        asks_sudo_password=ask_sudo_password,
    )
