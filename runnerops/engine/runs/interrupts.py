"""What happens to runs in progress after an interrupt: they may finish, or are rolled back at once.

A run does not depend on this client, so nothing has to be done to let it finish. Only the request to stop it is sent
from here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError
from runnerops.frozen import mutable
from runnerops.model.host_names import brief, by_number
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.remote import protocol
from runnerops.report.screen import Screen
from runnerops.report.signals import Terminated

if TYPE_CHECKING:
    from runnerops.engine.hosts.connections import ConnectionPool
    from runnerops.report.progress.show import Show

_STOP_SECONDS = 15.0


@mutable
class ActiveRuns:
    """The runs that this client started or follows, and whose end it has not seen."""

    interrupted: bool = False
    unfollowed: tuple[str, ...] = ()
    """After an interrupt, the hosts whose runs continue without being followed."""
    _runs: dict[str, tuple[Host, Plan]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def tracked(self, host: Host, plan: Plan) -> Iterator[bool]:
        """A context in which the host's run is active. Yields whether it may begin; after an interrupt no run may."""
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
        """Asks once whether the runs may finish. If not, they are rolled back, and the end of that is waited for.

        A further interrupt ends the client at once, and the runs continue on the hosts.
        """
        with self._changed:
            self.interrupted = True
        active_runs = self._snapshot()
        show.hush()
        screen.say()
        if not active_runs:
            screen.say("interrupted: no run is going on", "warn")
            return
        show.gather()
        try:
            may_ask = (
                screen.interactive and not isinstance(stop, Terminated) and not _all_in_first_rotation_run(active_runs)
            )
            may_finish = not may_ask or screen.ask(_question(_names(active_runs)), otherwise=True)
            if active_runs := self._snapshot():  # some may have ended before the answer
                screen.say(_announcement(_names(active_runs), back=not may_finish), "warn")
            else:
                screen.say("every run has come to its end meanwhile", "warn")
            if not may_finish:
                show.resume()
                self._roll_back(active_runs, screen, pool)
                self._wait()
        except KeyboardInterrupt:
            show.hush()
            screen.say()
        self.unfollowed = tuple(self._runs)

    def _snapshot(self) -> list[tuple[Host, Plan]]:
        """The active runs, sorted by the numbers in the names of their hosts."""
        with self._changed:
            return sorted(self._runs.values(), key=lambda item: by_number(item[0].name))

    def _roll_back(self, active_runs: Sequence[tuple[Host, Plan]], screen: Screen, pool: ConnectionPool) -> None:
        """Tells all hosts at the same time, so that one that answers slowly or not at all does not delay the others."""

        def stop(run: tuple[Host, Plan]) -> None:
            host, plan = run
            try:
                completed = pool.link(host).run(protocol.stop(plan.run), b"", _STOP_SECONDS)
                problem = "" if completed.status == 0 else f"{host.name}: systemd would not stop the run"
            except RunneropsError as error:
                problem = error.message
            if problem:
                screen.say(f"{problem}: its run was not told to roll back, and goes on", "bad")

        threads = [threading.Thread(target=stop, args=(run,), daemon=True) for run in active_runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _wait(self) -> None:
        with self._changed:
            while self._runs:
                self._changed.wait(1)


def _names(runs: Sequence[tuple[Host, Plan]]) -> list[str]:
    return [host.name for host, _ in runs]


def _question(names: Sequence[str]) -> str:
    singular = f"let the run on {_brief(names)} finish? (no: it is rolled back now)"
    plural = f"let the runs on {_brief(names)} finish? (no: they are rolled back now)"
    return f"interrupted: {plural if len(names) > 1 else singular}"


def _announcement(names: Sequence[str], *, back: bool) -> str:
    if back:
        return f"{_brief(names)}: rolling back"
    singular = f"the run on {_brief(names)} continues by itself, to its end or back"
    plural = f"the runs on {_brief(names)} continue by themselves, to their end or back"
    return f"interrupted here; {plural if len(names) > 1 else singular}"


def _brief(names: Sequence[str]) -> str:
    return ", ".join(brief(names))


def _all_in_first_rotation_run(active_runs: Sequence[tuple[Host, Plan]]) -> bool:
    """Whether all runs are the first of a rotation. These may not be stopped: a token that GitLab has just given would
    be lost.
    """
    return all(plan.part == "first" for _, plan in active_runs)
