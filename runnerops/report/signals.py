"""Signals that end this program: the terminal is left as it was, and runs on hosts go on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM: a pipeline's job was cancelled. Nobody is there to ask."""


@contextmanager
def heeded(restore: Callable[[], None]) -> Iterator[None]:
    """SIGTERM ends what is in this block as an interrupt does; SIGHUP and SIGQUIT end it as ever, after `restore`.

    One that whoever started this program has it ignore (`nohup`) stays ignored.
    """

    def terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Terminated

    def die(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    mine = threading.current_thread() is threading.main_thread()  # no other may set one
    wanted = {signal.SIGTERM: terminate, signal.SIGHUP: die, signal.SIGQUIT: die} if mine else {}
    heard = {number: do for number, do in wanted.items() if signal.getsignal(number) is signal.SIG_DFL}
    for number, do in heard.items():
        signal.signal(number, do)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
