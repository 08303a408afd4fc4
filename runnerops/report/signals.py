"""Signals that end this program. The terminal is restored, and runs on hosts continue."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LOOKS_EVERY_S = 0.5
"""How often the main thread looks for signals while it waits."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: the job of a pipeline was cancelled. Nobody can be asked."""


@contextmanager
def handle_signals(restore: Callable[[], None]) -> Iterator[None]:
    """Within this block, SIGTERM acts like an interrupt. SIGHUP and SIGQUIT end the program as usual, after `restore`.

    A signal that the parent process has set to be ignored (`nohup`) remains ignored.

    A signal that arrives right before the main thread begins to wait does not end that wait, because Python handles it
    only afterwards. So a timer wakes the main thread every `LOOKS_EVERY_S` seconds.
    """

    def terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Terminated

    def die(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    in_main = threading.current_thread() is threading.main_thread()  # other threads cannot set signal handlers
    wanted = {
        signal.SIGTERM: terminate,
        signal.SIGHUP: die,
        signal.SIGQUIT: die,
        signal.SIGALRM: lambda *_: None,  # what was waited for continues (PEP 475)
    }
    heard = {number: do for number, do in wanted.items() if in_main and signal.getsignal(number) is signal.SIG_DFL}
    for number, do in heard.items():
        signal.signal(number, do)
    if signal.SIGALRM in heard:
        signal.setitimer(signal.ITIMER_REAL, LOOKS_EVERY_S, LOOKS_EVERY_S)
    try:
        yield
    finally:
        if signal.SIGALRM in heard:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
