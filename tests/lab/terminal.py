"""A command at a terminal: what it prints there, keys typed, and how it ended."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.shell import LabError

INTERRUPT = "\x03"
PATIENCE = 240.0
"""Seconds, for a machine that much else runs on. Only a test that fails waits so long."""


class Terminal:
    """Runs `argv` with a pseudo-terminal of its own as its controlling one."""

    def __init__(self, argv: Sequence[str], folder: Path, environ: Mapping[str, str], columns: int = 80) -> None:
        self.said = ""
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], list(argv), dict(environ))
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

    def wait_for(self, text: str, seconds: float = PATIENCE) -> None:
        """Until it has printed `text` since the last thing that was waited for or typed."""
        begin = len(self.said)
        ends = time.monotonic() + seconds
        while text not in self.said[begin:]:
            if time.monotonic() > ends or not self._read(1):
                raise LabError(f"{text!r} is not said:\n{self.said}")

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._file, keys.encode())

    def end(self, seconds: float = PATIENCE) -> int:
        """Its exit code."""
        ends = time.monotonic() + seconds
        while self._read(1):
            if time.monotonic() > ends:
                os.kill(self.pid, signal.SIGKILL)
                raise LabError(f"it does not end:\n{self.said}")
        os.close(self._file)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, seconds: float) -> bool:
        """Whether there may be more to come."""
        if not select.select([self._file], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self._file, 65536)
        except OSError:  # what a terminal gives at its end
            return False
        self.said += chunk.decode("utf-8", "replace")
        return bool(chunk)
