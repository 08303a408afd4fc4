"""The hosts of a deploy that wait for running jobs. Repeated from time to time, as a wait may take hours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from runnerops.model.run import Event
from runnerops.model.steps import Step, drains
from runnerops.model.waited import count_text, in_words
from runnerops.redact import step_title

_NAMED = 10
"""The most hosts that are repeated with their jobs. The others are counted."""


def waiting_text(step: Step, event: Event, now: float, room: int = 0) -> str:
    """What a host waits for, within `room` columns if possible. `now` is in epoch seconds."""
    if drains(step):
        head, tail = (
            "draining: ",
            "" if event.in_gitlab is None else f" · GitLab: {count_text(event.in_gitlab)}",
        )
        return head + in_words(event.text, now, max(1, room - len(head) - len(tail)) if room else 0) + tail
    return ": ".join(filter(None, (step_title(step), event.text)))


def waiting_count(hosts: int) -> str:
    """`2 wait for jobs`."""
    return f"{hosts} {'wait' if hosts > 1 else 'waits'} for jobs"


class DrainTracker:
    """Each host calls this from its thread. `hosts`: how many have a run. `clock` returns epoch seconds, as GitLab's
    clock.
    """

    def __init__(self, hosts: int, clock: Callable[[], float] = time.time) -> None:
        self._hosts = hosts
        self._clock = clock
        self._done: set[str] = set()
        self._waits: dict[str, tuple[Step, Event]] = {}

    def watch(self, event: Event, step: Step) -> None:
        """Takes an event of a host into account."""
        if event.kind == "wait" and drains(step):
            self._waits[event.host] = step, event
        elif event.kind in {"step", "wait"}:
            self._waits.pop(event.host, None)

    def end(self, host: str) -> None:
        """Takes into account that a host is done."""
        self._done.add(host)
        self._waits.pop(host, None)

    def __len__(self) -> int:
        """How many wait for jobs now."""
        return len(self._waits)

    def text(self, step: Step, event: Event, room: int = 0) -> str:
        """What a host waits for now."""
        return waiting_text(step, event, self._clock(), room)

    def lines(self) -> Iterator[str]:
        """What each host waits for; no lines if no host waits for jobs."""
        waits = list(self._waits.values())
        if not waits:
            return
        if self._hosts > 1:
            yield f"{len(self._done)} of {self._hosts} hosts done, {waiting_count(len(waits))}"
        for step, event in waits[:_NAMED]:
            yield f"{event.host}:   still {self.text(step, event)}"
        if len(waits) > _NAMED:
            yield f"and {len(waits) - _NAMED} hosts more"
