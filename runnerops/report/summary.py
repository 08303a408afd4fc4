"""How a deploy of several hosts ended, as a small table: the worst first, what ended well in short. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.redact import step_title
from runnerops.report.text import GOOD, Line
from runnerops.report.wrap import shortened

_WIDTH, _NAME = 80, 24
"""Columns of a line, and the most for a host's name."""
_MOST_GOOD, _MOST = 20, 50
"""So many hosts that ended well have lines of their own, and so many of the others; more are counted."""
_ORDER = (
    Result.NEEDS_ATTENTION,
    Result.UNKNOWN,
    Result.ROLLED_BACK,
    Result.FAILED,
    Result.STALE_PLAN,
    Result.REFUSED,
    Result.LOCKED,
    Result.UNREACHABLE,
    Result.IN_PROGRESS,
    Result.SKIPPED,
    Result.MAINTENANCE,
)


def table_lines(
    outcomes: Sequence[Outcome], actions: Mapping[str, str], redacted: Callable[[str], str]
) -> Iterator[Line]:
    """A line a host: its result, its seconds, and what was done there or why not; none where nothing was to be done.

    `actions` are those of each host that was to change. `redacted` comes before a text is cut.
    """
    chosen = _chosen(outcomes)
    if not chosen:
        return
    name = max(len(_cut(one.host)) for one in chosen)
    result = max(len(one.result) for one in chosen)
    for one in chosen:
        took = f"{one.seconds:.1f} s" if one.seconds >= 0.05 else ""
        head = f"{_cut(one.host):{name}}  {one.result:{result}}  {took:>8}  "
        said = shortened(redacted(_said(one, actions)), _WIDTH - len(head))
        yield "plain" if one.result in GOOD else "bad", f"{head}{said}".rstrip()


def _said(outcome: Outcome, actions: Mapping[str, str]) -> str:
    if outcome.result is Result.APPLIED:
        return actions.get(outcome.host, "")
    return f"failed step: {step_title(outcome.failed)}" if outcome.failed else outcome.message.partition("\n")[0]


def _chosen(outcomes: Sequence[Outcome]) -> list[Outcome]:
    applied = [one for one in outcomes if one.result is Result.APPLIED]
    other = [one for one in outcomes if one.result not in {Result.APPLIED, Result.UNCHANGED, Result.PENDING}]
    other.sort(key=lambda one: _ORDER.index(one.result))
    return [*other[:_MOST], *(applied if len(applied) <= _MOST_GOOD else ())]


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
