"""Plans prepared for reports: the lines of each host as on a terminal, and how many things change. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.frozen import frozen
from runnerops.report.text import Line


@frozen
class HostReport:
    """`lines` are those of `diff`, without secrets. `changes`: whether anything is to do, blocked or wrong."""

    host: str
    lines: Sequence[Line]
    changes: bool


@frozen
class PlanReport:
    """How many files are added, changed and deleted. An action without a changed file of its service counts as a change
    too.
    """

    hosts: Sequence[HostReport]
    summary: str
    create: int = 0
    update: int = 0
    delete: int = 0
