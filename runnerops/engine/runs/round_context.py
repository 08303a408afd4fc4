"""What the hosts of one round have in common."""

from __future__ import annotations

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.project import Project
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait
from runnerops.frozen import frozen
from runnerops.report.progress.show import Show
from runnerops.report.screen import Screen


@frozen
class RoundContext:
    """The project with the hosts of the round, how they are reached and shown, and the runs that an interrupt is about.

    With `no_wait`, runs are followed only until they wait for jobs, and nothing in GitLab is waited for.
    """

    project: Project
    pool: ConnectionPool
    screen: Screen
    show: Show
    lock_wait: LockWait
    active_runs: ActiveRuns
    no_wait: bool = False
