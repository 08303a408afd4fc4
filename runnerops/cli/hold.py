"""`runnerops hold`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, NamedTargets, Output, invocation
from runnerops.cli.values import Format


def hold(
    targets: NamedTargets,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Reason, shown to everybody whom the hold stops.")
    ],
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="WHEN",
            help="When the hold ends: 4h, 3d, or '2026-12-01 18:00' (+01:00, Europe/Berlin). Default: never.",
            show_default=False,
        ),
    ] = "",
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    output: Output = Format.TEXT,
) -> None:
    """Block every deploy to hosts, whoever starts it.

    The hold is stored on the host, so it stops deploys from anywhere.
    """
    from runnerops.commands.hold import hold as run

    run_command(
        lambda screen: run(invocation(inventory, targets, screen), reason, until, as_json=output.is_json),
        asks_sudo_password=ask_sudo_password,
    )
