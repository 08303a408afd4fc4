"""Shows a deploy in progress as bars at the bottom of a terminal, with lines above them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step
from runnerops.redact import step_title
from runnerops.report.drains import waiting_count
from runnerops.report.progress.lines import Lines
from runnerops.report.progress.live_display import LiveDisplay
from runnerops.report.progress.show import step_of
from runnerops.report.screen import Screen
from runnerops.report.terminal import columns
from runnerops.report.wrap import shorten

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, Task, TaskID


_BAR, _SHORT, _WIDE, _CLOCK, _NARROW = 20, 10, 100, 7, 20
"""Columns of a bar, of one on a narrow terminal, of its clock, and the fewest for words beside them."""
_LINES = 2
"""Lines of a terminal that bars leave free."""
_ALL = "hosts"
"""The name of the line for all hosts together."""


def _words(text_of: Callable[[str], str]) -> ProgressColumn:
    """A column that says what a host does now, computed each time that it is painted."""
    from rich.progress import ProgressColumn  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Words(ProgressColumn):
        """The words for the host of the task."""

        def render(self, task: Task) -> Text:
            return Text(text_of(task.fields["host"]), no_wrap=True, overflow="ellipsis")

    return Words()


class Bars(Lines):
    """A bar for every host whose run is under way, on a terminal, with the lines above it."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan], *, verbose: int) -> None:
        from rich.console import Console  # noqa: PLC0415  slow to import, and only for terminals
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        super().__init__(screen, plans, verbose=verbose)
        self._bar = _BAR if columns(screen.err) >= _WIDE else _SHORT
        parts = (
            TextColumn("{task.fields[host]}"),
            BarColumn(bar_width=self._bar),
            TimeElapsedColumn(table_column=Column(min_width=_CLOCK)),
            _words(self._told),
        )
        self._bars: Progress = Progress(*parts, console=Console(file=screen.err), auto_refresh=False)
        self._display = LiveDisplay(self._bars)
        self._tasks: dict[str, TaskID] = {}
        self._now: dict[str, tuple[Step, Event]] = {}
        self._busy = {name for name, plan in plans.items() if not plan.empty}
        self._hosts = len(self._busy)
        self._began: dict[str, float] = {}
        self._tasks_lock = threading.Lock()
        self._all = self._bars.add_task("", total=self._hosts, host=_ALL) if self._hosts > 1 else None

    def hush(self) -> None:
        """Removes the bars until `resume`."""
        super().hush()
        self._display.hush()

    def resume(self) -> None:
        """Shows the bars again."""
        self._display.resume()
        super().resume()

    def watch(self, event: Event) -> None:
        """Moves the host's bar, and prints above it what has to be read."""
        super().watch(event)
        step = step_of(self._plans[event.host], event)
        with self._tasks_lock:
            self._began.setdefault(event.host, time.monotonic())
            if step and event.kind in {"step", "wait"}:
                self._now[event.host] = step, event
            self._fit()
            if event.host in self._tasks and event.list:
                steps = event.step if event.list == "forward" else 0
                self._bars.update(self._tasks[event.host], completed=steps)

    def _told(self, host: str) -> str:
        """What a host does or waits for now. It is computed anew, because jobs grow older."""
        current = self._now.get(host)  # read once: the host's thread may remove it
        if current is None:
            return self._counted() if host == _ALL else ""
        step, event = current
        text = self._drains.text(step, event, self._room()) if event.kind == "wait" else step_title(step)
        return shorten(text, self._room())

    def _fit(self) -> None:
        """Shows as many hosts as the terminal has lines for. The others follow when these are done."""
        free = max(1, self._bars.console.height - _LINES - (self._all is not None))
        if len(self._tasks) >= min(free, len(self._began)):
            return
        for host, began in self._began.items():
            if host not in self._tasks and len(self._tasks) < free:
                total = len(self._plans[host].forward)
                self._tasks[host] = self._bars.add_task("", total=total, host=host)
                self._bars.tasks[-1].start_time = began

    def _room(self) -> int:
        """Columns for words, besides the bar and the clock."""
        names = max(len(name) for name in (*self._plans, _ALL))
        return max(_NARROW, columns(self._screen.err) - names - self._bar - _CLOCK - 3)

    def _counted(self) -> str:
        """The first line, with the progress of all hosts. The lines below it are for hosts that are doing something."""
        count, waits = self._hosts - len(self._busy), len(self._drains)
        hidden = len(self._began) - len(self._tasks)
        waiting = f", {waiting_count(waits)}" if waits else ""
        return f"{count} of {self._hosts} done{waiting}" + (f", {hidden} more" if hidden else "")

    def end(self, outcome: Outcome) -> None:
        """Removes the host's bar."""
        self._busy.discard(outcome.host)
        self._now.pop(outcome.host, None)
        if self._all is not None:
            self._bars.update(self._all, completed=self._hosts - len(self._busy))
        with self._tasks_lock:
            self._began.pop(outcome.host, None)
            task = self._tasks.pop(outcome.host, None)
            if task is not None:
                self._bars.remove_task(task)
            self._fit()
        super().end(outcome)

    def _say(self, text: str, style: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        shown = {"good": "green", "new": "green", "gone": "red", "bad": "bold red", "warn": "yellow", "dim": "dim"}.get(
            style, ""
        )
        for line in self._screen.wrapped(self._screen.err, self._screen.redactor.text(text), style):
            self._display.print(Text(line, shown))

    def _wait(self, text: str) -> None:
        """Prints nothing, because a wait is shown on its bar."""

    def _is_shown_elsewhere(self, host: str) -> bool:
        """Whether phases get lines. For one host they do; with many, they would push everything else away."""
        return self._hosts > 1 and host in self._tasks

    def __enter__(self) -> Bars:
        self._screen.pausables.append(self)
        self._display.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.pausables.remove(self)
        self._display.hush()
        self._tell_later()
