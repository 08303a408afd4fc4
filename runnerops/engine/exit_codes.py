"""The exit code of a command, from the results of its hosts. Pure."""

from __future__ import annotations

from collections.abc import Collection

from runnerops.model.common import Exit, Result

_WORST_FIRST = (Exit.NEEDS_ATTENTION, Exit.ROLLED_BACK, Exit.FAILED, Exit.STALE_PLAN, Exit.PENDING, Exit.OK)
_EXIT_OF = {
    Result.UNCHANGED: Exit.OK,
    Result.APPLIED: Exit.OK,
    Result.MAINTENANCE: Exit.OK,
    Result.PENDING: Exit.PENDING,
    Result.IN_PROGRESS: Exit.PENDING,
    Result.ROLLED_BACK: Exit.ROLLED_BACK,
    Result.NEEDS_ATTENTION: Exit.NEEDS_ATTENTION,
    Result.UNKNOWN: Exit.NEEDS_ATTENTION,
    Result.STALE_PLAN: Exit.STALE_PLAN,
}


def exit_of(results: Collection[Result]) -> Exit:
    """The exit code of many hosts: the first of 5, 4, 1, 6, 3 and 0 that is the code of one of them."""
    codes = {_EXIT_OF.get(result, Exit.FAILED) for result in results} or {Exit.OK}
    return next(code for code in _WORST_FIRST if code in codes)
