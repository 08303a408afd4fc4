"""A function that is called again and again while something lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ticks:
    """Calls a function at a fixed interval of seconds, in a separate thread, from `start` to `end`."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def start(self) -> None:
        """Begins the calls."""
        self._thread.start()

    def end(self) -> None:
        """Ends the calls."""
        self._over.set()
        self._thread.join()

    def _tick(self) -> None:
        while not self._over.wait(self._seconds):
            self._call()
