"""The command line. `options.py` has the options that commands share, NAME.py each command's own, with its help."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, NoReturn

import typer

from runnerops import __version__
from runnerops.cli import completion
from runnerops.cli.boundary import run_program
from runnerops.cli.group import SETTINGS, CommandGroup

app = typer.Typer(
    name="runnerops",
    cls=CommandGroup,
    help="Deploy GitLab Runner, the Docker daemon and a pull-through cache of Docker Hub over SSH, losing no CI job.",
    no_args_is_help=True,
    add_completion=completion.ASKED,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options that are given before a command."""
    if version:
        typer.echo(f"runnerops {__version__}")
        raise typer.Exit


def main() -> None:
    """Runs the command and ends the process."""
    _open_closed_streams()
    _leave(run_program(app))


def _open_closed_streams() -> None:
    """Opens streams that the shell closed (`>&-`). Otherwise the next opened file would get the stream's number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _leave(code: int) -> NoReturn:
    """Ends the process without Python's cleanup, which would take a tenth of a short command's time. Everything is
    closed.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
