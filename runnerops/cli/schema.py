"""`runnerops schema`: its options and help."""

from __future__ import annotations

from runnerops.cli.boundary import run_command


def schema() -> None:
    """Print the inventory's JSON Schema, for editors."""
    from runnerops.commands.schema import schema as run

    run_command(run)
