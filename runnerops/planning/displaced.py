"""Containers of somebody else's that runs stopped for a cache to take their place, as a host keeps them on record. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.inventory import Displaced

PLACE = "originals/containers"
"""Where a host keeps them: a line `RUN ID POLICY NAME` for each; written by `container-aside.sh`."""


def read_displaced(kept: Mapping[str, bytes], since: int = 0) -> tuple[Displaced, ...]:
    """Those that runs from number `since` on stopped; a line of another form is passed over."""
    lines = (line.split() for line in kept.get(PLACE, b"").decode(errors="replace").splitlines())
    found = (Displaced(int(run), *words) for run, *words in filter(None, lines) if run.isdecimal() and len(words) == 3)
    return tuple(one for one in found if one.run >= since)
