"""Runs a command on this machine without a shell, for secrets from a password manager."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TypeAlias

from runnerops.frozen import frozen

SECONDS = 30
"""The time limit of a command."""


@frozen
class Output:
    """The result of a command: its exit status and both outputs."""

    status: int
    stdout: bytes
    stderr: bytes


RunCommand: TypeAlias = Callable[[tuple[str, ...], Path, Mapping[str, str]], Output]
"""Runs (argv, directory, environment) without a shell. Raises OSError if it cannot start, TimeoutError if it takes too
long.
"""


def run_command(argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:
    """The real `RunCommand`: no shell, no standard input, at most SECONDS."""
    try:
        done = subprocess.run(
            argv,
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return Output(done.returncode, done.stdout, done.stderr)


class Once:
    """A `RunCommand` that runs each command line only once for all threads, because each run may need a touch of a
    hardware key.
    """

    def __init__(self, run: RunCommand = run_command) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._begun: dict[object, Future[Output]] = {}

    def __call__(self, argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:
        """The output of the only run. Raises as `RunCommand` does, each time."""
        key = (argv, directory, frozenset(environ.items()))
        mine = Future[Output]()
        with self._lock:
            found = self._begun.setdefault(key, mine)
        if found is mine:
            try:
                mine.set_result(self._run(argv, directory, environ))
            except BaseException as error:  # raised again for every caller
                mine.set_exception(error)
        return found.result()
