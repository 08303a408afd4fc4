"""Ends the processes of played hosts and of their clients, which outlive the client that began them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PLAYED_BY = {"PLAYED_BY": str(os.getpid())}
"""The environment variable that each of these processes has, with the PID of the tests' process."""


def played_processes() -> list[int]:
    """The processes of played hosts and their clients that these tests have started and that have not ended."""
    mark = f"PLAYED_BY={os.getpid()}".encode()
    return [pid for pid, words in processes("environ") if mark in words]


def processes(what: str) -> Iterator[tuple[int, list[bytes]]]:
    """The `environ` or the `cmdline` of all processes on this machine for which it can be read."""
    for path in Path("/proc").glob(f"[0-9]*/{what}"):
        with suppress(OSError):
            yield int(path.parent.name), path.read_bytes().split(b"\0")


def end_played() -> None:
    """Ends all of them, and those that they start meanwhile, for example the rollback of a run."""
    while pids := played_processes():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
