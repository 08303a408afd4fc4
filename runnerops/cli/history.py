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
            "--follow", help="Follow the runs that are going on to their ends; the exit code is the worst one's."
        ),
    ] = False,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Show hosts' last runs, and how they ended.

    Who began each, from where, and what was done.
    """
    from runnerops.commands.history import history as run

    run_command(
        lambda screen: run(
            invocation(inventory, targets, screen), follow=follow, as_json=output.is_json, verbose=verbose
        ),
        asks_sudo_password=ask_sudo_password,
    )
