"""`runnerops demo`: its options and help."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command


def demo(
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave the simulated host running until Ctrl-C, so that you can try things out."),
    ] = False,
) -> None:
    """Try runnerops without a server.

    Shows real deploys to a simulated host in a scratch directory.
    """
    from runnerops.demo.stage import demo as run

    run_command(lambda screen: run(os.environ, screen, keep=keep))
