"""`runnerops verify`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, Output, TargetList, invocation
from runnerops.cli.values import Format


def verify(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    image: Annotated[
        str,
        typer.Option(
            "--image",
            metavar="IMAGE",
            help="Image to pull. Afterwards the host has it only if it had it before.",
        ),
    ] = "alpine:3",
    quick: Annotated[bool, typer.Option("--quick", help="Only read, and pull nothing.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Check by a pull that each host is served by its cache.

    Also checks gitlab-runner. Names each failed check, with the reason and the fix.
    """
    from runnerops.commands.verify import verify as run

    run_command(
        lambda screen: run(invocation(inventory, targets, screen), image, quick=quick, as_json=output.is_json),
        asks_sudo_password=ask_sudo_password,
    )
