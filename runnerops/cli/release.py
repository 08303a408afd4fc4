"""`runnerops release`: its options and help."""

from __future__ import annotations

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, NamedTargets, invocation


def release(
    targets: NamedTargets, inventory: InventoryFile = DEFAULT_INVENTORY, ask_sudo_password: AskSudoPassword = False
) -> None:
    """End a hold on hosts."""
    from runnerops.commands.hold import release as run

    run_command(lambda screen: run(invocation(inventory, targets, screen)), asks_sudo_password=ask_sudo_password)
