"""`runnerops adopt`: its options and help."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile


def adopt(
    host: Annotated[
        str, typer.Argument(metavar="HOST", help="A host of the inventory, or USER@ADDRESS[:PORT].", show_default=False)
    ],
    inventory: InventoryFile = DEFAULT_INVENTORY,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put it into the inventory, secrets into .env; nothing there is written over."),
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What USER@ADDRESS is called; its address if left out.")
    ] = "",
) -> None:
    """Print a host's entry for the inventory, as the host is.

    Nothing is changed there; what a deploy of it would do is shown.
    """
    from runnerops.commands.adopt import adopt as run

    run_command(lambda screen: run(inventory, host, os.environ, screen, name, write=write))
