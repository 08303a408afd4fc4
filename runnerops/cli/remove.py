"""`runnerops remove`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, DryRun, InventoryFile, OneHost, RunOptions, invocation


def remove(
    host: OneHost,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="docker, registry or gitlab_runner. Default: all of them.",
            show_default=False,
            autocompletion=completion.services,
        ),
    ] = "",
    volumes: Annotated[bool, typer.Option("--volumes", help="Also delete what the caches hold.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Then also delete /var/lib/runnerops on the host: no history, no rollback.")
    ] = False,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    dry_run: DryRun = False,
    options: RunOptions = RunOptions(),
) -> None:
    """Remove services from a host, and restore their original files.

    Shows the plan, asks, applies and verifies it, like a deploy.
    """
    from dataclasses import replace

    from runnerops.commands.remove import remove as run

    flags = replace(options.flags(), volumes=volumes)
    ui = options.ui(dry_run=dry_run)
    run_command(
        lambda screen: run(invocation(inventory, [host], screen), service, flags, ui, forget=forget),
        asks_sudo_password=options.ask_sudo_password,
    )
