"""`runnerops abort`: its options and help."""

from __future__ import annotations

from runnerops.cli.boundary import run_command
from runnerops.cli.options import (
    DEFAULT_INVENTORY,
    AskSudoPassword,
    InventoryFile,
    NamedTargets,
    Output,
    Verbose,
    Yes,
    invocation,
)
from runnerops.cli.values import Format


def abort(
    targets: NamedTargets,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    yes: Yes = False,
    ask_sudo_password: AskSudoPassword = False,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Roll back a run that is in progress or waits for jobs.

    Shows what the rollback does, and asks. The run is rolled back as after a failure.
    """
    from runnerops.commands.abort import abort as run
    from runnerops.engine.options import UiOptions

    ui = UiOptions(yes, output.is_json, verbose)
    run_command(lambda screen: run(invocation(inventory, targets, screen), ui), asks_sudo_password=ask_sudo_password)
