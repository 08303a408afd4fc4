"""`runnerops check`: its options and help."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, InventoryFile, Output, Report
from runnerops.cli.values import Format


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Single files (- is standard input). Default: the inventory and all files that it renders.",
            show_default=False,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="runner|daemon|registry|compose",
            help="Kind of the files, if their names do not show it.",
            autocompletion=completion.one_of("runner", "daemon", "registry", "compose"),
        ),
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    report: Report = None,
    output: Output = Format.TEXT,
) -> None:
    """Find errors in the inventory or in single files, without a host."""
    from runnerops.commands.check import CheckOptions
    from runnerops.commands.check import check as run
    from runnerops.commands.reports import parse_reports

    run_command(
        lambda screen: run(
            inventory,
            files or [],
            os.environ,
            screen,
            CheckOptions(kind, strict, output.is_json, parse_reports(report or [])),
        )
    )
