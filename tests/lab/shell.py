"""Commands on this machine, each with a time limit. The lab's one way to start a process that ends by itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence


class LabError(Exception):
    """The lab could not be built, booted or kept running."""


def run(argv: Sequence[str], *, seconds: float = 60, check: bool = True, text: str | None = None) -> str:
    """Run `argv` on this machine and return its standard output. `text` is its standard input."""
    try:
        completed = subprocess.run(
            argv,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(argv)}: {error}") from error
    if check and completed.returncode:
        tail = "\n".join((completed.stdout + completed.stderr).splitlines()[-15:])
        raise LabError(f"{' '.join(argv)}: exit {completed.returncode}\n{tail}")
    return completed.stdout


def until(what: str, condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> None:
    """Ask `condition` until it is true; LabError that names `what` when `seconds` are over.

    Asked less often the longer it takes, at most a quarter too late: most ask a host over SSH, and other tests work meanwhile.
    """
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > seconds:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(max(every, min(waited / 4, 0.5)))
