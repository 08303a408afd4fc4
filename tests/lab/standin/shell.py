"""The shell executor: a job is a child process of the runner, under the job's user."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess


class Child:
    """A login shell that reads the script from its standard input."""

    def __init__(self, user: str) -> None:
        self.argv = ["su", "-s", "/bin/bash", user, "-c", "bash -l"] if user else ["bash", "-l"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, script: bytes) -> subprocess.Popen[bytes]:
        """Run it; its output, both kinds, is the process's."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.argv, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, start_new_session=True
        )
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(script)
            self.process.stdin.close()
        return self.process

    def ended(self, code: int) -> int:
        """The job's exit code, once its process has ended."""
        return code

    def clear(self) -> None:
        """Nothing is left of a process."""

    def kill(self) -> None:
        """Tell its processes to end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
