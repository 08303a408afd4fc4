"""Properties of an output stream: its width, and whether it is a terminal or has colour."""

from __future__ import annotations

import os
import termios
from pathlib import Path
from typing import Any, TextIO

_USUAL = 80


def columns(stream: TextIO) -> int:
    """The width of the terminal in columns."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


def coloured(stream: TextIO) -> bool:
    """Whether to use colour: NO_COLOR forbids it (no-color.org), FORCE_COLOR and CLICOLOR_FORCE request it."""
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_state(stream: TextIO) -> list[Any]:
    """The state from `termios`; empty if the stream has none."""
    try:
        return termios.tcgetattr(stream.fileno())
    except (termios.error, OSError, ValueError):
        return []


def discard_output(stream: TextIO) -> None:
    """Discards all future output of a stream, and what it has buffered."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
