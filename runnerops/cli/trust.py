"""`runnerops trust`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, Output, invocation
from runnerops.cli.values import Format


def trust(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="Hosts, groups, globs or USER@ADDRESS (at least one); !NAME leaves one out.",
            show_default=False,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    fingerprint: Annotated[
        list[str] | None,
        typer.Option(
            "--fingerprint",
            metavar="SHA256:…",
            help="Trust a key with this fingerprint without asking; may be repeated.",
            show_default=False,
        ),
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Show the SSH keys of hosts, and keep them if you confirm.

    The keys are kept in known_hosts beside the inventory.
    """
    from runnerops.commands.trust import trust as run

    run_command(lambda screen: run(invocation(inventory, targets, screen), fingerprint or [], as_json=output.is_json))
