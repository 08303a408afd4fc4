"""What each host is busy with while a command waits for it: on a terminal a line per host, elsewhere a line per change.

For many hosts, one line says how many are done, and which are waited for.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from runnerops.report.looking import Looking
from runnerops.report.screen import Screen
from runnerops.report.wrap import shorten

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LONGEST = 60
_FEW = 8
"""The most hosts with separate lines."""


class Waiting(Protocol):
    """Each host calls this from its thread."""

    def say(self, host: str, activity: str) -> None:
        """What this host does now; empty: it is done."""

    def detail(self, host: str, activity: str) -> None:
        """The same, for changes that are too frequent for separate lines."""

    def __enter__(self) -> Waiting: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def waiting(screen: Screen, *, silent: bool, hosts: int = 1, short: bool = False) -> Waiting:
    """The display for standard error and this number of hosts. `silent`: none. `short`: what hosts are busy with usually
    takes a moment, so elsewhere than on a terminal there are only lines about those that take long.
    """
    if silent:
        return _Silence()
    if hosts > _FEW or (short and not screen.err.isatty()):
        return Looking(screen, hosts)
    return _Spinners(screen) if screen.err.isatty() else _Lines(screen)


class _Silence:
    def say(self, host: str, activity: str) -> None:
        """Shows nothing."""

    def detail(self, host: str, activity: str) -> None:
        """Shows nothing."""

    def __enter__(self) -> Waiting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Does nothing."""


class _Lines(_Silence):
    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def say(self, host: str, activity: str) -> None:
        if activity:
            self._screen.say(f"{host}: {activity}", "dim")


class _Spinners(_Silence):
    """Lines that move, and disappear at the end."""

    def __init__(self, screen: Screen) -> None:
        from rich.console import Console  # noqa: PLC0415  slow to import, and only for terminals
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        from runnerops.report.progress.live_display import LiveDisplay  # noqa: PLC0415

        columns = (
            SpinnerColumn(),
            TextColumn("{task.fields[host]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._screen = screen
        self._progress: Progress = Progress(*columns, console=Console(file=screen.err), auto_refresh=False)
        self._display = LiveDisplay(self._progress)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def say(self, host: str, activity: str) -> None:
        text = shorten(self._screen.redactor.text(activity), _LONGEST)
        with self._lock:
            task = self._tasks.get(host)
            if not activity:
                if task is not None:
                    self._progress.remove_task(self._tasks.pop(host))
            elif task is None:
                self._tasks[host] = self._progress.add_task(text, total=None, host=host)
            else:
                self._progress.update(task, description=text)

    def detail(self, host: str, activity: str) -> None:
        self.say(host, activity)

    def __enter__(self) -> Waiting:
        self._screen.pausables.append(self._display)
        self._display.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.pausables.remove(self._display)
        self._display.hush()
