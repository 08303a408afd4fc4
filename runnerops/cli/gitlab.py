"""`runnerops gitlab`: its arguments and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.values import path


def gitlab(
    action: Annotated[str, typer.Argument(metavar="comment", help="The only action.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", parser=path, help="Markdown file to show, as `diff --report` writes it.")
    ] = Path("reports/plan.md"),
) -> None:
    """Show a plan as a note on the merge request of this pipeline.

    Each job has one note: the next run replaces it.
    """
    from runnerops.commands.gitlab import gitlab as run

    run_command(lambda screen: run(action, file, os.environ, screen))
