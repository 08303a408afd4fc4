"""`runnerops history`: its options and help."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, Format, InventoryFile, OneHost, Output, Verbose


def history(
    host: OneHost,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Follow the run that is going on to its end; the exit code is the run's."),
    ] = False,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Show a host's last runs, and how they ended.

    Who began each, from where, and what was done.
    """
    from runnerops.commands.history import history as run

    run_command(
        lambda screen: run(inventory, host, os.environ, screen, follow=follow, as_json=output.is_json, verbose=verbose),
        asks_sudo_password=ask_sudo_password,
    )
