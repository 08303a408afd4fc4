"""Ends the processes of played hosts and of their clients, which outlive the client that began them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PLAYED_BY = {"PLAYED_BY": str(os.getpid())}
"""In the environment of each of them: the process of the tests."""


def played_processes() -> list[int]:
    """Those of played hosts and of their clients that these tests have begun and that have not ended."""
    mark = f"PLAYED_BY={os.getpid()}".encode()
    return [pid for pid, words in processes("environ") if mark in words]


def processes(what: str) -> Iterator[tuple[int, list[bytes]]]:
    """The `environ` or the `cmdline` of all on this machine that may be asked."""
    for path in Path("/proc").glob(f"[0-9]*/{what}"):
        with suppress(OSError):
            yield int(path.parent.name), path.read_bytes().split(b"\0")


def end_played() -> None:
    """Ends all of them, and those that they begin meanwhile, such as the way back of a run."""
    while found := played_processes():
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
