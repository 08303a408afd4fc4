"""A deploy while it lasts: bars on a terminal, lines elsewhere (both to stderr), or one event a line as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from runnerops.model.plan import Plan, Step, drains
from runnerops.model.run import Event, Outcome, told
from runnerops.redact import step_command, step_title
from runnerops.report.document import event_document
from runnerops.report.screen import Screen, columns, in_job_log
from runnerops.report.text import outcome_lines
from runnerops.report.wrap import shortened

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


_BAR, _CLOCK, _NARROW = 20, 7, 20
"""Columns of a bar, of its clock, and the fewest for words beside them."""
_ALL = "hosts"
"""What the line of all hosts together is called."""


class Show(Protocol):
    """What a deploy tells while it goes on; called from one thread a host."""

    def watch(self, event: Event) -> None:
        """Something happened on a host."""

    def end(self, outcome: Outcome) -> None:
        """A host is done."""

    def hush(self) -> None:
        """Paint and tell nothing, while somebody is asked."""

    def resume(self) -> None:
        """Go on."""


def open_show(plans: Mapping[str, Plan], screen: Screen, stack: ExitStack, *, as_json: bool, verbose: int) -> Show:
    """How the runs of these plans are shown here; what it paints is taken away with the stack."""
    if as_json:
        return Stream(screen, plans)
    if (
        screen.err.isatty()
        and not verbose
        and not in_job_log(screen.err)
        and any(not plan.empty for plan in plans.values())
    ):
        return stack.enter_context(Bars(screen, plans, verbose=verbose))
    return Lines(screen, plans, verbose=verbose)


def step_of(plan: Plan, event: Event) -> Step | None:
    """The step that an event is about."""
    steps = plan.rollback if event.list == "rollback" else plan.forward
    return steps[event.step] if event.list and 0 <= event.step < len(steps) else None


def _waiting(step: Step, event: Event) -> str:
    return f"draining: {event.text}" if drains(step) else ": ".join(filter(None, (step_title(step), event.text)))


class Lines:
    """A line where a part begins, a wait changes, a step fails; every step with `verbose`. What was said comes at the end."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan], *, verbose: int) -> None:
        self._screen = screen
        self._plans = plans
        self._verbose = verbose
        self._quiet = False
        self._notes: dict[str, list[Event]] = {}

    def hush(self) -> None:
        """What happens meanwhile is not told later; outcomes are."""
        self._quiet = True

    def resume(self) -> None:
        """From here on."""
        self._quiet = False

    def watch(self, event: Event) -> None:
        """Said at once: the lines of several hosts may alternate, so each names its host."""
        if event.kind == "note":
            self._notes.setdefault(event.host, []).append(event)
        step = step_of(self._plans[event.host], event)
        if step is None or self._quiet:
            return
        if event.kind == "fail":
            self._say(f"{event.host}: failed step: {step_title(step)}", "bad")
        elif event.kind == "wait":
            self._wait(f"{event.host}:   {_waiting(step, event)}")
        elif event.kind == "step" and (step.verb == "phase" or self._verbose):
            back = "back: " if event.list == "rollback" else ""
            self._say(f"{event.host}: {back}{step_title(step)}", "plain")
            if command := step_command(step, self._verbose):
                self._say(f"{event.host}:   {command}", "command")

    def end(self, outcome: Outcome) -> None:
        """How the host ended; before it what was said on the way and is no part of that."""
        for line in told(self._notes.pop(outcome.host, ())):
            if line not in outcome.diagnostics and line not in outcome.message:
                self._say(f"{outcome.host}:   {line}", "dim")
        for style, text in outcome_lines(outcome, verbose=self._verbose):
            self._say(text, style)

    def _say(self, text: str, style: str) -> None:
        self._screen.say(text, style)

    def _wait(self, text: str) -> None:
        self._say(text, "dim")


class Bars(Lines):
    """A bar for every host whose run goes on, on a terminal, with the lines above it."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan], *, verbose: int) -> None:
        from rich.console import Console  # noqa: PLC0415  slow to import, and only for terminals
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        super().__init__(screen, plans, verbose=verbose)
        parts = (
            TextColumn("{task.fields[host]}"),
            BarColumn(bar_width=_BAR),
            TimeElapsedColumn(table_column=Column(min_width=_CLOCK)),
            TextColumn("{task.description}"),
        )
        self._bars: Progress = Progress(*parts, console=Console(file=screen.err), transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._busy = {name for name, plan in plans.items() if not plan.empty}
        self._hosts = len(self._busy)
        self._draining: set[str] = set()
        self._all = self._bars.add_task("", total=self._hosts, host=_ALL) if self._hosts > 1 else None

    def hush(self) -> None:
        """Without the bars."""
        super().hush()
        self._bars.stop()

    def resume(self) -> None:
        """With them again."""
        super().resume()
        self._bars.start()

    def watch(self, event: Event) -> None:
        """Moves the host's bar; what has to be read is printed above it."""
        super().watch(event)
        from rich.markup import escape  # noqa: PLC0415

        plan = self._plans[event.host]
        step = step_of(plan, event)
        if event.kind in {"step", "wait"}:
            waits = event.kind == "wait" and step is not None and drains(step)
            (self._draining.add if waits else self._draining.discard)(event.host)
            self._count()
        if event.host not in self._tasks:
            self._tasks[event.host] = self._bars.add_task("", total=len(plan.forward), host=event.host)
        if step and event.kind in {"step", "wait"}:
            text = _waiting(step, event) if event.kind == "wait" else step_title(step)
            done = event.step if event.list == "forward" else 0
            self._bars.update(
                self._tasks[event.host], completed=done, description=escape(shortened(text, self._room()))
            )

    def _room(self) -> int:
        """Columns that are left for words: the bar and the clock keep theirs."""
        names = max(len(name) for name in self._plans)
        return max(_NARROW, columns(self._screen.err) - names - _BAR - _CLOCK - 3)

    def _count(self) -> None:
        """On the first line, how far all hosts are; the lines below it are of those that do something."""
        if self._all is None:
            return
        done = self._hosts - len(self._busy)
        waiting = f", {len(self._draining)} wait for jobs" if self._draining else ""
        self._bars.update(self._all, completed=done, description=f"{done} of {self._hosts} done{waiting}")

    def end(self, outcome: Outcome) -> None:
        """Takes the host's bar away."""
        self._busy.discard(outcome.host)
        self._draining.discard(outcome.host)
        self._count()
        task = self._tasks.pop(outcome.host, None)
        if task is not None:
            self._bars.remove_task(task)
        super().end(outcome)

    def _say(self, text: str, style: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        shown = {"good": "green", "new": "green", "gone": "red", "bad": "bold red", "warn": "yellow", "dim": "dim"}.get(
            style, ""
        )
        for line in self._screen.broken(self._screen.err, self._screen.redactor.text(text), style):
            self._bars.console.print(Text(line, shown), soft_wrap=True)

    def _wait(self, text: str) -> None:
        """Stands on the bar."""

    def __enter__(self) -> Bars:
        self._screen.painted.append(self)
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.painted.remove(self)
        self._bars.stop()


class Stream:
    """One event a line, as JSON on stdout; the summary is the command's."""

    def __init__(self, screen: Screen, plans: Mapping[str, Plan]) -> None:
        self._screen = screen
        self._plans = plans

    def watch(self, event: Event) -> None:
        """As it comes."""
        step = step_of(self._plans[event.host], event)
        self._screen.json(event_document(event, step), indent=None)

    def end(self, outcome: Outcome) -> None:
        """Told in the summary."""

    def hush(self) -> None:
        """A stream has no reader who could be asked."""

    def resume(self) -> None:
        """Never hushed."""
