"""`runnerops WORDS` as a fork of a process that has loaded it: most of a short command's time is loading.

A command is a process as ever, with its own folder, environment, standard streams and exit code.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock, Thread

ROOT = Path(__file__).parents[2]
_STARTING = Lock()
FORKING: set[int] = set()
"""The process that forks commands, once there is one: who ends all that a test began has to spare it."""


class Forked:
    """A command that goes on: `stdout` is what it prints there and on stderr, as text. Leaving it as a context kills it."""

    def __init__(self, words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        self.words = [*words]
        out, into = os.pipe()
        with open(os.devnull, "rb") as null:
            self._line = _ask(words, folder, environ, "runnerops.cli", (null.fileno(), into, into))
        os.close(into)
        self.stdout = os.fdopen(out, encoding="utf-8")
        self._told = b""
        self.pid = self._number()
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Its exit code, or minus the signal's number. TimeoutExpired when `timeout` seconds are over."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                self.returncode = self._number()
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.words, timeout) from None
        return self.returncode

    def communicate(self, timeout: float) -> str:
        """All that is left of what it prints, once it has ended. It must not end later than `timeout`."""
        outputs: list[str] = []
        reader = Thread(target=lambda: outputs.append(self.stdout.read()), daemon=True)
        reader.start()
        self.wait(timeout)
        reader.join(timeout)
        if not outputs:
            raise subprocess.TimeoutExpired(self.words, timeout, "it has ended, and what it started holds its output")
        self._hang_up()
        return outputs[0]

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.send_signal(signal.SIGKILL)
        self.wait(60)
        self._hang_up()

    def _hang_up(self) -> None:
        self._line.close()
        self.stdout.close()

    def _number(self) -> int:
        """The next line of what is told; a file of the socket could not be read on after a time limit. Raises TimeoutError."""
        while b"\n" not in self._told:
            received = self._line.recv(64)
            if not received:
                raise EOFError("what forks commands has ended")
            self._told += received
        line, _, self._told = self._told.partition(b"\n")
        return int(line)


def run_forked(
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    seconds: float,
    apart: bool,
    module: str = "runnerops.cli",
) -> subprocess.CompletedProcess[str]:
    """What it printed, stderr `apart` or in stdout, and its exit code. TimeoutExpired when `seconds` are over.

    `module`: whose `main` is called.
    """
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        open(os.devnull, "rb") as null,
        _ask(words, folder, environ, module, (null.fileno(), out.fileno(), (err if apart else out).fileno())) as line,
    ):
        line.settimeout(seconds)
        with line.makefile() as answers:
            pid = int(answers.readline())
            try:
                code = int(answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                out.seek(0)
                raise subprocess.TimeoutExpired([*words], seconds, out.read()) from None
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([*words], code, out.read().decode(), err.read().decode())


def _ask(
    words: Sequence[str], folder: Path, environ: Mapping[str, str], module: str, streams: Sequence[int]
) -> socket.socket:
    """A line to the process's fork, which tells its pid, and then its exit code."""
    request = json.dumps({"words": [*words], "folder": str(folder), "environ": {**environ}, "module": module}).encode()
    line = _connect()
    socket.send_fds(line, [request], [*streams])
    return line


def _connect() -> socket.socket:
    with _STARTING:
        place = _server()
    line = socket.socket(socket.AF_UNIX)
    line.connect(place)
    return line


@cache
def _server() -> str:
    """Where it listens; it ends with this process."""
    place = f"\0runnerops-lab-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(64)
        argv = [sys.executable, "-m", "tests.lab.everything", str(listener.fileno())]
        process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
    FORKING.add(process.pid)
    assert process.stdin
    atexit.register(process.wait, 10)
    atexit.register(process.stdin.close)
    return place
