"""A host's plan with further facts for commands: what is in sync, the host's last run, whether there is something to
do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from runnerops.errors import HostError
from runnerops.frozen import frozen
from runnerops.model.common import Result
from runnerops.model.facts import Facts
from runnerops.model.gitlab import Created
from runnerops.model.host_state import Run
from runnerops.model.plan import Plan


@frozen
class Planned:
    """A host's plan, the paths that are in sync, and the word of `diff` for it."""

    plan: Plan
    in_sync: tuple[str, ...]
    result: Result
    last: Run | None = None
    """The host's last run, which may be in progress."""
    facts: Facts = field(default_factory=Facts)
    key: str = field(default="", repr=False)
    """The host's own key for fingerprints. It is empty until the first run writes it."""
    with_created: Callable[[Mapping[str, Created]], Plan] | None = field(default=None, repr=False, compare=False)
    """If the plan creates runners: makes the same plan with GitLab's tokens in place of their stand-ins."""

    @property
    def live_run(self) -> Run | None:
        """The run that is in progress on the host."""
        return self.last if self.last and self.last.running else None

    @property
    def own_run(self) -> Run | None:
        """The run in progress, if it has this very plan."""
        return self.live_run if self.live_run and self.live_run.digest == self.plan.digest else None

    @property
    def ready(self) -> bool:
        """Whether there is something to do and nothing blocks it."""
        return self.result is Result.PENDING and not self.plan.blockers and not self.live_run


Plans = Mapping[str, Planned | Exception]
"""By host, its plan, or the error if it could not be planned."""


def left_for_maintenance(planned: Planned | Exception | None) -> bool:
    """Whether the host is in maintenance, so that it was left out."""
    return isinstance(planned, HostError) and planned.result == Result.MAINTENANCE.value
