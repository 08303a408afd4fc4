"""Looks at many hosts at the same time, and shows who is waited for if that takes long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from runnerops.engine.threads import side_by_side
from runnerops.report.looking import Looking
from runnerops.report.screen import Screen

Out = TypeVar("Out")


def look_at(names: Sequence[str], look: Callable[[str], Out], screen: Screen) -> dict[str, Out | Exception]:
    """Calls `look` for every name in threads, as `side_by_side` does, and returns what that returns."""
    with Looking(screen, len(names)) as looking:
        return side_by_side(names, looking.each(look, "asking"))
