"""`runnerops init`: its options and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import AskSudoPassword
from runnerops.cli.values import path


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", parser=path, help="The project's folder. Default: the current one.", show_default=False
        ),
    ] = Path(),
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="[NAME=]USER@ADDRESS", help="A new host; may be repeated.", show_default=False),
    ] = None,
    adopted: Annotated[
        list[str] | None,
        typer.Option(
            "--adopt",
            metavar="[NAME=]USER@ADDRESS",
            help="A host that was set up by hand, as it is now; may be repeated.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        bool | None,
        typer.Option("--cache/--no-cache", help="Whether each --host gets a cache of Docker Hub.", show_default=False),
    ] = None,
    gitlab: Annotated[
        str | None,
        typer.Option("--gitlab", metavar="URL", help="Add each --host's runner at this GitLab.", show_default=False),
    ] = None,
    ask_sudo_password: AskSudoPassword = False,
) -> None:
    """Write a new project: inventory, pipeline, README.

    Asks questions on a terminal if there are no flags. Overwrites no file.
    """
    from runnerops.commands.init import InitOptions
    from runnerops.commands.init import init as run

    wishes = InitOptions(host or (), adopted or (), cache, gitlab)
    run_command(lambda screen: run(folder, wishes, os.environ, screen), asks_sudo_password=ask_sudo_password)
