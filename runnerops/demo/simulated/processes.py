"""A process and its descendants, in place of a cgroup. Linux only."""

from __future__ import annotations

import ctypes
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_KILL = 9
_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Makes this process the parent of orphans among its descendants."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(spare: Collection[int] = ()) -> list[int]:
    """The descendants of this process, without those in `spare` and their descendants."""
    parents: dict[int, int] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                parents[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
    pids = [os.getpid()]
    for pid in pids:
        pids += [child for child, parent in parents.items() if parent == pid and child not in spare]
    return pids[1:]


def end_descendants(number: int, spare: Collection[int] = ()) -> None:
    """Sends a signal to all descendants; SIGKILL is repeated until none is left."""
    while below := descendants(spare):
        for pid in below:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if number != _KILL:
            return
        _reap()
        time.sleep(0.005)


def _reap() -> None:
    """Reaps children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return
