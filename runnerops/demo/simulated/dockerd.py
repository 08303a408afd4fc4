"""`dockerd`, simulated, as a program on the command line."""

from __future__ import annotations

import sys

from runnerops.demo.simulated.daemon_json import read
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import RefusedError


def dockerd(words: list[str]) -> int:
    """Executes `dockerd --validate`. The daemon itself is started by systemd (`daemon.py`)."""
    if "--validate" not in words:
        raise RefusedError("dockerd is simulated: systemctl starts it")
    with LockedWorld() as world:
        read(world, ["dockerd", *words])
    sys.stderr.write("configuration OK\n")
    return 0
