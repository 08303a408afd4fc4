"""`runnerops explain`: its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import Output
from runnerops.cli.values import Format


def explain(
    code: Annotated[
        str,
        typer.Argument(
            metavar="CODE",
            help="A blocker or a rule, such as last-mirror or R006.",
            autocompletion=completion.codes,
        ),
    ],
    output: Output = Format.TEXT,
) -> None:
    """Explain what a blocker or a rule means, and what to do."""
    from runnerops.commands.explain import explain as run

    run_command(lambda screen: run(code, screen, as_json=output.is_json))
