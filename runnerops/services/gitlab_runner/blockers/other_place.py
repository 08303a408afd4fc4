"""A runner that the inventory asks for in another group or project of GitLab than the one that it is in."""

from __future__ import annotations

from runnerops.model.gitlab import Place
from runnerops.model.plan import Blocker


def other_place(runner: str, there: str, wanted: Place) -> Blocker:
    """`there`: where GitLab has it. With the way to one that is where it is wanted."""
    message = (
        f"runner {runner} is of {there} in GitLab, which moves no runner, and the inventory asks for {wanted}: take its entry"
        " out and deploy, which deletes it (--allow drop-runner); then put it in again, and the next deploy creates another"
    )
    return Blocker("other-place", message, (runner,))
