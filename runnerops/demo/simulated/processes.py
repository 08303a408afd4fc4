"""A process and all that it started, as a control group would have them. Linux only."""

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
    """From now on this process is the parent of whatever its descendants leave behind."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(spare: Collection[int] = ()) -> list[int]:
    """The processes below this one, but those to spare and what is below them."""
    parents: dict[int, int] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                parents[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid and child not in spare]
    return found[1:]


def end_descendants(number: int, spare: Collection[int] = ()) -> None:
    """Signals all of them; SIGKILL until none is left."""
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
    """Those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return
