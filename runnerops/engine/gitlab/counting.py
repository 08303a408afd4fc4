"""Adds GitLab's count of running jobs to a host's own count while a run waits for jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from runnerops.errors import GitlabError
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.model.steps import drains

SECONDS = 15.0
"""Seconds between two questions. GitLab searches through the jobs of a runner to answer each."""


class JobCounter:
    """Passes events on to `watch`. Events of a wait for jobs get GitLab's count, and are repeated when it changes.

    `count` asks GitLab. If it raises GitlabError, nothing more is counted, because a drain relies on the host's own
    count.
    """

    def __init__(
        self, plan: Plan, count: Callable[[], int], watch: Callable[[Event], None], seconds: float = SECONDS
    ) -> None:
        self._plan, self._count, self._watch, self._seconds = plan, count, watch, seconds
        self._waits: Event | None = None
        self._counted: int | None = None
        self._begun = False
        self._over = threading.Event()
        self._lock = threading.Lock()

    def watch(self, event: Event) -> None:
        """Passes an event on, with GitLab's count if it is about a wait for jobs."""
        with self._lock:
            waits = self._is_wait(event)
            self._waits = event if waits else None
            self._watch(replace(event, in_gitlab=self._counted) if waits else event)
            if waits and not self._begun:
                self._begun = True
                threading.Thread(target=self._ask, daemon=True).start()

    def _is_wait(self, event: Event) -> bool:
        steps = self._plan.rollback if event.list == "rollback" else self._plan.forward
        return event.kind == "wait" and 0 <= event.step < len(steps) and drains(steps[event.step])

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                counted = self._count()
            except GitlabError:
                return
            with self._lock:
                if counted != self._counted and self._waits and not self._over.is_set():
                    self._watch(replace(self._waits, in_gitlab=counted))
                self._counted = counted
            self._over.wait(self._seconds)

    def __enter__(self) -> Callable[[Event], None]:
        return self.watch

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
