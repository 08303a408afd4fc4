"""Lines on stderr, as the runner's own formatter writes them, colours and all."""

from __future__ import annotations

import os
from typing import NoReturn

LEVELS = ("panic", "fatal", "error", "warning", "info", "debug")
COLOURS = {
    "panic": "\033[31;1m",
    "fatal": "\033[31;1m",
    "error": "\033[31;1m",
    "warning": "\033[0;33m",
    "debug": "\033[37;1m",
}
RESET = "\033[0;m"


class Log:
    """The one log of the process; counts what it shows."""

    def __init__(self) -> None:
        self.level = "info"
        self.errors = dict.fromkeys(LEVELS, 0)

    def __call__(self, level: str, message: str, **fields: object) -> None:
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        self.errors[level] += 1
        prefix = "" if level in ("info", "debug") else f"{level.upper()}: "
        colour = COLOURS.get(level, "")
        shown = "".join(f" {colour}{name}{RESET}={fields[name]}" for name in sorted(fields))
        line = f"{colour}{prefix}{message:<{50 - len(prefix)}}{RESET} {shown}\n"
        os.write(2, line.encode())


log = Log()


def fatal(message: str, **fields: object) -> NoReturn:
    """Log and exit 1 at once: running jobs are not asked."""
    log("fatal", message, **fields)
    os._exit(1)
