"""What a stream is: a terminal and how wide, whether colour belongs there, and what becomes of it."""

from __future__ import annotations

import os
import termios
from pathlib import Path
from typing import Any, TextIO

_USUAL = 80


def columns(stream: TextIO) -> int:
    """How wide the terminal is."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


def coloured(stream: TextIO) -> bool:
    """Whether colour belongs on this stream: NO_COLOR forbids it (no-color.org), FORCE_COLOR and CLICOLOR_FORCE ask for it."""
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_state(stream: TextIO) -> list[Any]:
    """As `termios` has it; empty where there is none."""
    try:
        return termios.tcgetattr(stream.fileno())
    except (termios.error, OSError, ValueError):
        return []


def send_nowhere(stream: TextIO) -> None:
    """Send what is written to it from now on, and what it still holds, nowhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
