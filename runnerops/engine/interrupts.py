"""Runs that go on while somebody interrupts: whether they finish, or are rolled back now.

A run is its host's own, so leaving it alone is safe. Only what stops one on its host is sent from here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.remote import protocol
from runnerops.report.screen import Screen
from runnerops.report.signals import Terminated

if TYPE_CHECKING:
    from runnerops.engine.connections import ConnectionPool
    from runnerops.report.progress.show import Show

_STOP_SECONDS = 15.0


@dataclass(slots=True)
class ActiveRuns:
    """The runs that this client began, or follows, and has not seen the end of."""

    interrupted: bool = False
    left_alone: tuple[str, ...] = ()
    """After an interrupt: hosts whose run goes on unseen."""
    _runs: dict[str, tuple[Host, Plan]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def on(self, host: Host, plan: Plan) -> Iterator[bool]:
        """This host's run goes on for as long as the block. Gives whether it may begin: after an interrupt none does."""
        with self._changed:
            may_begin = not self.interrupted
            if may_begin:
                self._runs[host.name] = (host, plan)
        try:
            yield may_begin
        finally:
            with self._changed:
                self._runs.pop(host.name, None)
                self._changed.notify_all()

    def interrupt(self, stop: KeyboardInterrupt, screen: Screen, show: Show, pool: ConnectionPool) -> None:
        """Asks once whether the hosts may finish; a no rolls them back and waits for the end of that.

        Another interrupt leaves at once, and the hosts go on with what they do.
        """
        with self._changed:
            self.interrupted = True
            active_runs = list(self._runs.values())
        show.hush()
        screen.say()
        if not active_runs:
            screen.say("interrupted: no run is going on", "warn")
            return
        names = ", ".join(brief([host.name for host, _ in active_runs]))
        several = len(active_runs) > 1
        try:
            may_ask = screen.interactive and not isinstance(stop, Terminated) and not _all_first(active_runs)
            if not may_ask or self._may_finish(names, screen, several=several):
                runs = (
                    f"the runs on {names} go on by themselves" if several else f"the run on {names} goes on by itself"
                )
                screen.say(f"interrupted here; {runs}, to {'their' if several else 'its'} end or back", "warn")
            else:
                screen.say(f"{names}: rolling back", "warn")
                show.resume()
                self._go_back(active_runs, screen, pool)
                self._wait()
        except KeyboardInterrupt:
            show.hush()
            screen.say()
        self.left_alone = tuple(self._runs)

    def _may_finish(self, names: str, screen: Screen, *, several: bool) -> bool:
        one = f"let the run on {names} go on to its end? (no: it is rolled back now)"
        more = f"let the runs on {names} go on to their end? (no: they are rolled back now)"
        return screen.ask(f"interrupted: {more if several else one}", otherwise=True)

    def _go_back(self, active_runs: list[tuple[Host, Plan]], screen: Screen, pool: ConnectionPool) -> None:
        for host, plan in active_runs:
            try:
                pool.link(host).run(protocol.stop(plan.run), b"", _STOP_SECONDS)
            except RunneropsError as error:
                screen.say(error.message, "bad")

    def _wait(self) -> None:
        with self._changed:
            while self._runs:
                self._changed.wait(1)


def _all_first(active_runs: Sequence[tuple[Host, Plan]]) -> bool:
    """Whether no run may be stopped: the first of a rotation, for a token that GitLab gives at that moment would be lost."""
    return all(plan.part == "first" for _, plan in active_runs)
