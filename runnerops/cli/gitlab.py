"""`runnerops gitlab`: its arguments and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.values import path


def gitlab(
    action: Annotated[str, typer.Argument(metavar="comment", help="What to do there.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", parser=path, help="The Markdown to show, as `diff --report` writes it.")
    ] = Path("reports/plan.md"),
) -> None:
    """Show a plan as a note on the merge request of this pipeline.

    The note is the job's only one: the next run puts its plan in its place.
    """
    from runnerops.commands.gitlab import gitlab as run

    run_command(lambda screen: run(action, file, os.environ, screen))
