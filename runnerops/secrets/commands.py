"""Runs a command on this machine without a shell, for secrets from a password manager."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TypeAlias

from runnerops.frozen import frozen

SECONDS = 30
"""The time limit of a command."""
SLOW_SECONDS = 3.0
"""After this time the user is told what is waited for."""
LARGEST = 1_000_000
"""The most bytes that a secret may have."""


@frozen
class Output:
    """The result of a command: its exit status and both outputs, of each at most LARGEST bytes and one.

    A command that prints more to stdout is ended. Its status then means nothing.
    """

    status: int
    stdout: bytes
    stderr: bytes


RunCommand: TypeAlias = Callable[[tuple[str, ...], Path, Mapping[str, str]], Output]
"""Runs (argv, directory, environment) without a shell. Raises OSError if it cannot start, TimeoutError if it takes too
long.
"""


def run_command(argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:
    """The real `RunCommand`: no shell, no standard input, at most SECONDS."""
    ends = time.monotonic() + SECONDS
    with subprocess.Popen(
        argv,
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            stdout, stderr = _outputs(process, ends)
            if len(stdout) > LARGEST:
                process.kill()
            return Output(process.wait(max(0.0, ends - time.monotonic())), stdout, stderr)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        finally:
            process.kill()


def _outputs(process: subprocess.Popen[bytes], ends: float) -> tuple[bytes, bytes]:
    """Both outputs to their ends, or until stdout is too large. Raises TimeoutError."""
    assert process.stdout
    assert process.stderr
    outputs = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    stdout, stderr = outputs.values()
    with selectors.DefaultSelector() as waiting:
        for number in outputs:
            waiting.register(number, selectors.EVENT_READ)
        while waiting.get_map() and len(stdout) <= LARGEST:
            ready = waiting.select(max(0.0, ends - time.monotonic()))
            if not ready and time.monotonic() >= ends:
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                outputs[key.fd] += chunk[: LARGEST + 1 - len(outputs[key.fd])]
                if not chunk:
                    waiting.unregister(key.fd)
    return bytes(stdout), bytes(stderr)


class Once:
    """A `RunCommand` that runs each command line only once for all threads, because each run may need a touch of a
    hardware key.
    """

    def __init__(
        self,
        run: RunCommand = run_command,
        say: Callable[[str], None] = lambda _: None,
        slow_s: float = SLOW_SECONDS,
    ) -> None:
        """`say` is called with a text for the user if a command takes longer than `slow_s`."""
        self._slow_s = slow_s
        self._run = run
        self._say = say
        self._lock = threading.Lock()
        self._begun: dict[object, Future[Output]] = {}

    def __call__(self, argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:
        """The output of the only run. Raises as `RunCommand` does, each time."""
        key = (argv, directory, frozenset(environ.items()))
        own_future = Future[Output]()
        with self._lock:
            future = self._begun.setdefault(key, own_future)
        if future is own_future:
            timer = threading.Timer(self._slow_s, self._say, (f"waiting for !command {argv[0]}, at most {SECONDS} s",))
            timer.daemon = True
            timer.start()
            try:
                own_future.set_result(self._run(argv, directory, environ))
            except BaseException as error:  # raised again for every caller
                own_future.set_exception(error)
            finally:
                timer.cancel()
        return future.result()
