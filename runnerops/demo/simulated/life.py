"""What happens on the host by itself, caught up with whenever somebody looks."""

from __future__ import annotations

import time

from runnerops.demo.simulated import runner_process, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import World


def live(here: World) -> None:
    """Units that failed are tried again in time; a runner loads a newer file within 3 s."""
    now = time.time()
    for name, unit in here.units.items():
        if unit["active"] == "activating" and unit["retry"] <= now:
            units.start(here, name)
    runner_process.poll(here)
