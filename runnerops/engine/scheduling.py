"""Many hosts: side by side where they may, in order where they must. Knows threads and order, nothing of what is done.

One host's exception never ends another's thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from runnerops.model.common import Exit, Result

Out = TypeVar("Out")

WORKERS = 32
SHARE_AT_ONCE = 0.25
"""How much of the fleet may drain or restart docker at a time, so that CI as a whole never stands still."""

_WORST_FIRST = (Exit.NEEDS_ATTENTION, Exit.ROLLED_BACK, Exit.FAILED, Exit.STALE_PLAN, Exit.PENDING, Exit.OK)
_EXIT_OF = {
    Result.UNCHANGED: Exit.OK,
    Result.APPLIED: Exit.OK,
    Result.MAINTENANCE: Exit.OK,
    Result.PENDING: Exit.PENDING,
    Result.IN_PROGRESS: Exit.PENDING,
    Result.ROLLED_BACK: Exit.ROLLED_BACK,
    Result.NEEDS_ATTENTION: Exit.NEEDS_ATTENTION,
    Result.UNKNOWN: Exit.NEEDS_ATTENTION,
    Result.STALE_PLAN: Exit.STALE_PLAN,
}


def exit_of(results: Collection[Result]) -> Exit:
    """The worst of many hosts' results wins: 5, 4, 1, 6, 3, 0."""
    codes = {_EXIT_OF.get(result, Exit.FAILED) for result in results} or {Exit.OK}
    return next(code for code in _WORST_FIRST if code in codes)


def side_by_side(names: Sequence[str], work: Callable[[str], Out]) -> dict[str, Out | Exception]:
    """`work` for every name in threads; an exception stands in its result's place. In the order of `names`."""
    tasks = {name: HostTask(partial(work, name)) for name in names}
    if len(tasks) == 1:
        return {name: _caught(task.work) for name, task in tasks.items()}
    with _threads(min(WORKERS, len(names) or 1)) as pool:
        return dict(zip(tasks, pool.map(_caught, [task.work for task in tasks.values()]), strict=True))


@contextmanager
def _threads(most: int) -> Iterator[ThreadPoolExecutor]:
    """A pool that is not waited for when it is left in haste: an interrupt ends the client, the hosts' runs go on."""
    pool = ThreadPoolExecutor(max_workers=most)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _caught(work: Callable[[], Out]) -> Out | Exception:
    try:
        return work()
    except Exception as error:  # handed on as a value, looked at by the caller
        return error


@dataclass(frozen=True, slots=True)
class HostTask(Generic[Out]):
    """What one host is to do: after which hosts, and whether it disturbs CI (only a share of the fleet may at a time).

    `needs` are those of `after` that must have ended well; None: all of them.
    """

    work: Callable[[], Out]
    after: frozenset[str] = frozenset()
    needs: frozenset[str] | None = None
    disturbs: bool = False


def in_order(
    tasks: Mapping[str, HostTask[Out]],
    held: Callable[[str, str], Out],
    good: Callable[[Out | Exception], bool],
    lasts: Callable[[Out | Exception], bool] = lambda _: False,
) -> dict[str, Out | Exception]:
    """Every turn once those it waits for are done. What waits for one that is not `good` is `held(name, for whom)`.

    So is what would disturb CI where the share that may do so at a time is taken by turns whose disturbance `lasts`.

    Hosts that wait for each other in a circle go in the order given: the order is a convenience, a mirror is proven
    on each host anyway.
    """
    done: dict[str, Out | Exception] = {}
    running: dict[Future[Out | Exception], str] = {}
    at_once = max(1, math.floor(sum(task.disturbs for task in tasks.values()) * SHARE_AT_ONCE))
    with _threads(WORKERS) as pool:
        while len(done) < len(tasks):
            waiting = [name for name in tasks if name not in done and name not in running.values()]
            for name in _ready(tasks, waiting, done, bool(running)):
                task = tasks[name]
                needs = task.after if task.needs is None else task.needs
                bad = next((other for other in sorted(needs & done.keys()) if not good(done[other])), None)
                lasting = [other for other in done if tasks[other].disturbs and lasts(done[other])]
                busy = sum(tasks[other].disturbs for other in running.values()) + len(lasting)
                if bad is not None:
                    done[name] = held(name, bad)
                elif not tasks[name].disturbs or busy < at_once:
                    running[pool.submit(_caught, tasks[name].work)] = name
                elif not running:
                    done[name] = held(name, lasting[0])
            if running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                done |= {running.pop(future): future.result() for future in finished}
    return {name: done[name] for name in tasks}


def _ready(tasks: Mapping[str, HostTask[Out]], waiting: list[str], done: Collection[str], busy: bool) -> list[str]:
    ready = [name for name in waiting if tasks[name].after & tasks.keys() <= set(done)]
    return ready or ([] if busy else waiting[:1])
