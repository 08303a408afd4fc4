"""`runnerops render`: its options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, Output, TargetList, invocation
from runnerops.cli.values import Format, path


def render(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    directory: Annotated[
        Path | None,
        typer.Option(
            "-d",
            "--directory",
            metavar="DIR",
            parser=path,
            help="Write the files to DIR/HOST/ (mode 0600).",
            show_default=False,
        ),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Write real secrets into the files in DIR. Do not use this in CI.")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show the rendered files, with secrets masked."""
    from runnerops.commands.render import render as run

    run_command(
        lambda screen: run(
            invocation(inventory, targets, screen), directory, with_secrets=with_secrets, as_json=output.is_json
        )
    )
