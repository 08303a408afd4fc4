"""Many hosts that are played: each has an address on loopback, a disk in a folder, and the real `host.sh`.

What takes long on a host is left out: an observation is one that was recorded on the demo's host (with the host's own runs
in it), and the commands of steps are not run, but end as the plan wants them to, or as a test says (`Played.play`). So
everything that the client has to do with is real: SSH, runs with their units, locks, logs, records and rollbacks.

Runs outlive whoever began them. Every process of a host and every client has `PLAYED_BY` in its environment, the process of
the tests. `end_played` ends them all; where that process is killed itself, each run ends with the step that it has come to.
"""

from __future__ import annotations

from tests.integration.played.fleet import Fleet, fleet
from tests.integration.played.host import Played
from tests.integration.played.processes import end_played, played_processes, processes
from tests.integration.played.recording import AFTER, BEFORE, Recording, record

__all__ = [
    "AFTER",
    "BEFORE",
    "Fleet",
    "Played",
    "Recording",
    "end_played",
    "fleet",
    "played_processes",
    "processes",
    "record",
]
