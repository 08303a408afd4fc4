"""What an outcome means for the hosts that come after: whether it failed, was good, or leaves a runner draining. Pure."""

from __future__ import annotations

from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.model.steps import drains
from runnerops.report.text import GOOD

_FAILED = frozenset({Result.FAILED, Result.ROLLED_BACK, Result.NEEDS_ATTENTION, Result.UNKNOWN})


def failed(result: Outcome | Exception) -> bool:
    """Whether a run was begun and did not do what it should."""
    return isinstance(result, Outcome) and result.result in _FAILED and not result.deployed


def good(result: Outcome | Exception) -> bool:
    """Whether the host is as it should be; what GitLab may lack of it apart."""
    return isinstance(result, Outcome) and (result.result in GOOD or result.deployed)


def drains_on(result: Outcome | Exception) -> bool:
    """Whether the host is without a runner that takes jobs for a while yet."""
    if not isinstance(result, Outcome):
        return False
    return result.result is Result.IN_PROGRESS or (result.failed is not None and drains(result.failed))
