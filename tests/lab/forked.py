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
from functools import cache
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).parents[2]
_STARTING = Lock()


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
    asked = json.dumps({"words": [*words], "folder": str(folder), "environ": {**environ}, "module": module}).encode()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        open(os.devnull, "rb") as null,
        _connect() as line,
    ):
        socket.send_fds(line, [asked], [null.fileno(), out.fileno(), (err if apart else out).fileno()])
        line.settimeout(seconds)
        with line.makefile() as told:
            pid = int(told.readline())
            try:
                code = int(told.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                out.seek(0)
                raise subprocess.TimeoutExpired([*words], seconds, out.read()) from None
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([*words], code, out.read().decode(), err.read().decode())


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
    assert process.stdin
    atexit.register(process.wait, 10)
    atexit.register(process.stdin.close)
    return place
