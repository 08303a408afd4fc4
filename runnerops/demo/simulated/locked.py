"""Gives one program at a time the host's state: takes a lock, reads it, brings it up to date, and writes it back."""

from __future__ import annotations

import fcntl
import marshal
import os
import time

from runnerops.demo.simulated import runner_process, units
from runnerops.demo.simulated.world import ROOT, STATE, World, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class LockedWorld:
    """The state, brought up to date. It is written back when the block is left."""

    def __enter__(self) -> World:
        self._lock = os.open(f"{ROOT}/{STATE}/lock", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with open(f"{ROOT}/{STATE}/state", "rb") as file:
            self._before = file.read()
        self._world = World(marshal.loads(self._before))  # noqa: S302  our own file
        _live(self._world)
        return self._world

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        after = marshal.dumps(self._world.data)
        if after != self._before:
            write(f"{ROOT}/{STATE}", self._world.data)
        os.close(self._lock)


def _live(world: World) -> None:
    """Does what a host does by itself as time passes: failed units are restarted, a runner loads a newer file within 3
    s.
    """
    now = time.time()
    for name, unit in world.units.items():
        if unit["active"] == "activating" and unit["retry"] <= now:
            units.start(world, name)
    runner_process.poll(world)
