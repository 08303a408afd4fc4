"""Plans made ready for reports: per host what a terminal would show, and how many things change. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.frozen import frozen
from runnerops.report.text import Line


@frozen
class HostReport:
    """`lines` are as `diff` prints them, with nothing secret; `changes`: whether anything is to do, blocked or wrong there."""

    host: str
    lines: Sequence[Line]
    changes: bool


@frozen
class PlanReport:
    """Of files: how many come, change and go. An action that no file of its service asks for is a change too."""

    hosts: Sequence[HostReport]
    summary: str
    create: int = 0
    update: int = 0
    delete: int = 0
