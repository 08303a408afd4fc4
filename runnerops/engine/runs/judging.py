"""What an outcome means for the hosts that follow: whether it failed, was good, or leaves a runner draining. Pure."""

from __future__ import annotations

from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.model.steps import drains
from runnerops.report.text import GOOD

_FAILED = frozenset({Result.FAILED, Result.ROLLED_BACK, Result.NEEDS_ATTENTION, Result.UNKNOWN})


def has_failed(result: Outcome | Exception) -> bool:
    """Whether a run began and did not end as it should."""
    return isinstance(result, Outcome) and result.result in _FAILED and not result.deployed


def is_good(result: Outcome | Exception) -> bool:
    """Whether the host is as it should be. What is missing in GitLab does not count."""
    return isinstance(result, Outcome) and (result.result in GOOD or result.deployed)


def still_drains(result: Outcome | Exception) -> bool:
    """Whether the host's runner still drains, so that it takes no jobs for now."""
    if not isinstance(result, Outcome):
        return False
    return result.result is Result.IN_PROGRESS or (result.failed is not None and drains(result.failed))
