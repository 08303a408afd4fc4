"""A host's plan with what commands need to know beside it: what is in sync, its last run, whether there is something to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from runnerops.frozen import frozen
from runnerops.model.common import Result
from runnerops.model.facts import Facts
from runnerops.model.gitlab import Created
from runnerops.model.host_state import Run
from runnerops.model.plan import Plan


@frozen
class Planned:
    """A host's plan, the paths that are in sync, and what `diff` calls it."""

    plan: Plan
    in_sync: tuple[str, ...]
    result: Result
    last: Run | None = None
    """The host's last run, which may be going on."""
    facts: Facts = field(default_factory=Facts)
    key: str = field(default="", repr=False)
    """The host's own key of fingerprints, which its first run brings; empty before it."""
    with_created: Callable[[Mapping[str, Created]], Plan] | None = field(default=None, repr=False, compare=False)
    """Where the plan creates runners: the same plan with the tokens that GitLab gave in place of their stand-ins."""

    @property
    def live(self) -> Run | None:
        """The run that is going on there."""
        return self.last if self.last and self.last.running else None

    @property
    def own(self) -> Run | None:
        """The run that is going on there, where it is of this very plan."""
        return self.live if self.live and self.live.digest == self.plan.digest else None

    @property
    def ready(self) -> bool:
        """Whether there is something to do here that nothing stops."""
        return self.result is Result.PENDING and not self.plan.blockers and not self.live


Plans = Mapping[str, Planned | Exception]
"""By host; of one that could not be planned, why."""
