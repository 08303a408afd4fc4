"""Schedules many hosts: at the same time where allowed, in order where necessary. This module knows nothing
of plans and connections.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, Literal, TypeAlias, TypeVar

from runnerops.engine.threads import WORKERS, caught, threads
from runnerops.frozen import frozen
from runnerops.model.rollout import USUAL, Rollout

Out = TypeVar("Out")

HoldReason: TypeAlias = Literal["cache", "drains", "canary", "failures"]
"""Why a host is held back: a host that it waits for did not end well, the allowed share is disturbed already, or too
many failed.
"""


@frozen
class HostTask(Generic[Out]):
    """The work for one host: the hosts that come before it, and whether it disturbs CI (only a share of the hosts may
    be disturbed).

    `needs` are those of `after` that must end well; None: all of them. `changes`: whether there is something to do.
    `already_running`: its run is in progress already and is only followed. Nothing holds it back, but it counts as disturbed.
    """

    work: Callable[[], Out]
    after: frozenset[str] = frozenset()
    needs: frozenset[str] | None = None
    disturbs: bool = False
    changes: bool = True
    already_running: bool = False


@frozen
class Judge(Generic[Out]):
    """What a result means: whether hosts that wait for it may begin, whether the disturbance lasts, whether it failed.
    An exception means none of these.

    `pauses` is called for each pause that follows, with its seconds and the number of hosts to change after it.
    `failing`: whether a host that has not ended yet is about to fail, because a step has failed and is undone now.
    """

    is_good: Callable[[Out], bool]
    lasts: Callable[[Out], bool] = lambda _: False
    failed: Callable[[Out], bool] = lambda _: False
    pauses: Callable[[int, int], None] = lambda _seconds, _left: None
    failing: Callable[[str], bool] = lambda _: False


@frozen
class PriorRounds:
    """What the next round must know of earlier ones: hosts that failed, hosts that are still disturbed, and the share.

    `disturbing` is the number of hosts that the first round disturbs. Percentages refer to it.
    """

    failed: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    disturbing: int = 0


_NO_PRIOR_ROUNDS = PriorRounds()


def run_in_order(
    tasks: Mapping[str, HostTask[Out]],
    hold_back: Callable[[str, str, HoldReason], Out],
    judge: Judge[Out],
    rollout: Rollout = USUAL,
    prior: PriorRounds = _NO_PRIOR_ROUNDS,
) -> dict[str, Out | Exception]:
    """Does every task after the tasks that it waits for. `hold_back(name, of whom, why)` gives the result of one that is not
    begun.

    Hosts that wait for each other in a circle are done in the given order. The order is only a convenience, because
    every host verifies its mirrors anyway.
    """
    with threads(WORKERS) as pool:
        queue = _Queue(tasks, hold_back, judge, rollout, pool)
        queue.earlier = prior
        while len(queue.done) < len(tasks):
            queue.begin()
            queue.wait()
    return {name: queue.done[name] for name in tasks}


class _Queue(Generic[Out]):
    """The hosts of one round: which are done, which run, and which may begin."""

    def __init__(
        self,
        tasks: Mapping[str, HostTask[Out]],
        hold_back: Callable[[str, str, HoldReason], Out],
        judge: Judge[Out],
        rollout: Rollout,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.done: dict[str, Out | Exception] = {}
        self._tasks = tasks
        self._held = hold_back
        self._judge = judge
        self._rollout = rollout
        self._pool = pool
        self._running: dict[Future[Out | Exception], str] = {}
        self.earlier = PriorRounds()
        self._begun = 0
        self._pause_ends = 0.0
        self._pausing = False
        self._first = _before(tasks, rollout.canary)
        self._others = (
            {name for name in tasks if rollout.last not in _before(tasks, name)} if rollout.last else set[str]()
        )

    def begin(self) -> None:
        """Begins or holds back every host for which this can be decided now."""
        self._pausing = time.monotonic() < self._pause_ends
        for name in self._ready():
            task = self._tasks[name]
            if obstacle := self._obstacle(name, task):
                self.done[name] = self._held(name, *obstacle)
            elif self._may_begin(task):
                self._begun += task.disturbs
                self._running[self._pool.submit(caught, task.work)] = name
            elif not self._running and not self._pausing and (lasting := self._lasting()):
                self.done[name] = self._held(name, lasting[0], "drains")

    def wait(self) -> None:
        """Waits until a host has ended or a pause is over."""
        seconds_left = max(0.0, self._pause_ends - time.monotonic()) if self._pausing else None
        if not self._running:
            time.sleep(seconds_left or 0.0)
            return
        finished, _ = wait(self._running, timeout=seconds_left, return_when=FIRST_COMPLETED)
        ended = [self._running.pop(future) for future in finished]
        self.done |= {name: future.result() for name, future in zip(ended, finished, strict=True)}
        batch_ended = any(self._tasks[name].disturbs for name in ended) and not self._disturbing()
        if batch_ended or self._rollout.canary in [name for name in ended if self._tasks[name].changes]:
            self._begun = 0
            self._pause_ends = time.monotonic() + self._rollout.pause_s
            if self._rollout.pause_s and (seconds_left := self._left()):
                self._judge.pauses(self._rollout.pause_s, seconds_left)

    def _left(self) -> int:
        """How many hosts are still to begin; none if a host that ended holds them all back."""
        begun = {*self.done, *self._running.values()}
        waiting = {name: task for name, task in self._tasks.items() if name not in begun}
        return sum(task.changes and not self._obstacle(name, task) for name, task in waiting.items())

    def _ready(self) -> list[str]:
        waiting = [name for name in self._tasks if name not in self.done and name not in self._running.values()]
        ready = [name for name in waiting if self._waits_for(name) <= set(self.done)]
        return ready or ([] if self._running else waiting[:1])

    def _waits_for(self, name: str) -> Set[str]:
        task = self._tasks[name]
        if task.already_running:
            return set()
        canary = {self._rollout.canary} if task.changes and name not in self._first else set()
        other_hosts = self._others if task.changes and name == self._rollout.last else set[str]()
        return (task.after | canary | other_hosts) & self._tasks.keys()

    def _obstacle(self, name: str, task: HostTask[Out]) -> tuple[str, HoldReason] | None:
        if task.already_running:
            return None
        needs = task.after if task.needs is None else task.needs
        bad = [needed for needed in sorted(needs & self.done.keys()) if not self._is(self._judge.is_good, needed)]
        if bad:
            return bad[0], "cache"
        if not task.changes:
            return None
        canary = self._rollout.canary
        if canary in self.done and name not in self._first and not self._is(self._judge.is_good, canary):
            return canary, "canary"
        failed = self._failed()
        return (", ".join(failed), "failures") if len(failed) >= self._rollout.max_failures else None

    def _is(self, predicate: Callable[[Out], bool], name: str) -> bool:
        """Whether this is true of the result of a host that is done. It never is of an exception."""
        result = self.done[name]
        return not isinstance(result, Exception) and predicate(result)

    def _failed(self) -> list[str]:
        return [*self.earlier.failed, *(name for name in self.done if self._is(self._judge.failed, name))]

    def _may_stop(self) -> bool:
        """Whether the deploy stops if those that are failing now have failed."""
        failing = sum(map(self._judge.failing, self._running.values()))
        return failing > 0 and failing + len(self._failed()) >= self._rollout.max_failures

    def _may_begin(self, task: HostTask[Out]) -> bool:
        if task.already_running or not task.changes:
            return True
        if len(self._running) >= WORKERS or self._pausing or self._may_stop():
            return False
        in_batch = self._begun if self._rollout.by_batches else self._disturbing()
        share = self.earlier.disturbing or sum(task.disturbs for task in self._tasks.values())
        return not task.disturbs or in_batch + len(self._lasting()) < self._rollout.at_once(share)

    def _disturbing(self) -> int:
        return sum(self._tasks[name].disturbs for name in self._running.values())

    def _lasting(self) -> list[str]:
        of_this_round = (name for name in self.done if self._tasks[name].disturbs and self._is(self._judge.lasts, name))
        return [*self.earlier.lasting, *of_this_round]


def _before(tasks: Mapping[str, HostTask[Out]], canary: str) -> frozenset[str]:
    """The canary, and all hosts that it waits for."""
    collected: set[str] = set()
    added = {canary}
    while added:
        collected |= added
        added = {earlier for name in added if name in tasks for earlier in tasks[name].after} - collected
    return frozenset(collected)
