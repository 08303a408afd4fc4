"""Simulates many hosts ("played" hosts): each has an address on loopback, a disk in a folder, and the real `host.sh`.

The parts that take long on a real host are left out. An observation is one that was recorded on the demo's host (with
the runs of the played host itself in it). The commands of steps are not run; they end as the plan wants them to, or as
a test says (`Played.play`). Everything that the client has to do with is real: SSH, runs with their units, locks, logs,
records and rollbacks.

Runs outlive the client that began them. Every process of a host and every client has `PLAYED_BY` in its environment:
the number of the process of the tests. `end_played` ends them all. If the process of the tests itself is killed, each
run ends after its present step.
"""

from __future__ import annotations

from tests.integration.played.fleet import Fleet, fleet
from tests.integration.played.host import Played
from tests.integration.played.phases import ALL, PHASES, TERM, changed, plainly, waiting
from tests.integration.played.processes import end_played, played_processes, processes
from tests.integration.played.recording import AFTER, BEFORE, TOKEN, Recording, observations, record
from tests.integration.played.server import SUDO_PASSWORD

__all__ = [
    "AFTER", "ALL", "BEFORE", "PHASES", "SUDO_PASSWORD", "TERM", "TOKEN", "Fleet", "Played", "Recording", "changed",
    "end_played", "fleet", "observations", "plainly", "played_processes", "processes", "record", "waiting",
]  # fmt: skip
