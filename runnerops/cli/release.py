"""`runnerops release`: its options and help."""

from __future__ import annotations

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, NamedTargets, Output, invocation
from runnerops.cli.values import Format


def release(
    targets: NamedTargets,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    output: Output = Format.TEXT,
) -> None:
    """End a hold on hosts."""
    from runnerops.commands.hold import release as run

    run_command(
        lambda screen: run(invocation(inventory, targets, screen), as_json=output.is_json),
        asks_sudo_password=ask_sudo_password,
    )
