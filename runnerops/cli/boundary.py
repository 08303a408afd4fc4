"""Turns errors into messages and exit codes: around a command, and around the whole program."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from runnerops.errors import RunneropsError
from runnerops.model.common import Exit

if TYPE_CHECKING:
    from runnerops.report.screen import Screen

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What is wrong with an output that cannot be written to."""


def run_command(command: Callable[[Screen], Exit], *, asks_sudo_password: bool = False) -> None:
    """Calls a command and turns errors of ours into their message and exit code."""
    from runnerops.report.screen import Screen
    from runnerops.report.signals import handle_signals

    screen = Screen(asks_sudo_password=asks_sudo_password)
    try:
        with handle_signals(screen.restore_terminal):
            code = command(screen)
    except RunneropsError as error:
        _show(screen, error)
        code = error.exit
    except KeyboardInterrupt:  # typer ends with 130 then, and says nothing
        screen.say()
        screen.say("interrupted", "warn")
        raise
    finally:
        screen.restore_terminal()
    raise typer.Exit(Exit.FAILED if screen.cut_off and code is Exit.OK else code)


def run_program(program: Callable[[], None]) -> int:
    """Returns the exit code of the program. A bug of ours is reported in one paragraph, without a traceback."""
    try:
        program()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return Exit.INTERRUPTED
    except RunneropsError as error:  # raised before the command had a screen
        from runnerops.report.screen import Screen

        _show(Screen(), error)
        return error.exit
    except Exception as error:  # the one boundary: whatever is left is a bug
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            with contextlib.suppress(OSError):  # of help, which typer prints; a stream has no file name
                sys.stderr.write(f"the output is incomplete: {error.strerror}\n")
                sys.stderr.flush()
            return Exit.FAILED
        from runnerops.report.bug import report_bug

        return report_bug(error)
    return 0


def _show(screen: Screen, error: RunneropsError) -> None:
    """`place: problem`, then a blank line and the fix."""
    for line in error.lines:
        screen.say(line, "bad")
    if error.hint:
        screen.say()
        screen.say(f"hint: {error.hint}")
