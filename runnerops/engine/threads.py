"""Works on many hosts at the same time, each in a thread.

An exception of one host never ends the thread of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

Out = TypeVar("Out")

WORKERS = 32
"""How many hosts are worked on at the same time."""


def side_by_side(names: Sequence[str], work: Callable[[str], Out]) -> dict[str, Out | Exception]:
    """Calls `work` for every name in threads. An exception is returned in place of the result. In the order
    of `names`.
    """
    tasks = {name: partial(work, name) for name in names}
    if len(tasks) == 1:
        return {name: caught(task) for name, task in tasks.items()}
    with threads(min(WORKERS, len(names) or 1)) as pool:
        return dict(zip(tasks, pool.map(caught, tasks.values()), strict=True))


@contextmanager
def threads(most: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads are not waited for after an interrupt, which ends only the client: the runs continue on the
    hosts.
    """
    pool = ThreadPoolExecutor(max_workers=most)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def caught(work: Callable[[], Out]) -> Out | Exception:
    """The result of a call, or its exception."""
    try:
        return work()
    except Exception as error:  # returned as a value, which the caller checks
        return error
