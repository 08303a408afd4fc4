"""How a deploy of several hosts ended, as a small table: the worst first, what ended well in short. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from runnerops.model.common import Result
from runnerops.model.host_names import brief
from runnerops.model.run import Outcome
from runnerops.redact import step_title
from runnerops.report.alike import FEWEST, of_all
from runnerops.report.causes import ending
from runnerops.report.text import GOOD, Line
from runnerops.report.wrap import shortened

_WIDTH, _NAME = 80, 24
"""Columns of a line, and the most for a host's name."""
_MOST_GOOD, _MOST = 20, 50
"""So many hosts that ended well have lines of their own, and so many rows of the others; more are counted."""
_MOMENT = 0.05
"""Seconds; who took less had no run."""
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
    rows = [(_named(block), block) for block in _rows(outcomes)]
    width = max((len(name) for name, _ in rows), default=0)
    result = max((len(block[0].result) for _, block in rows), default=0)
    for name, block in rows:
        one = block[0]
        took = f"{one.seconds:.1f} s" if one.seconds >= _MOMENT else ""
        head = f"{name:{width}}  {one.result:{result}}  {took:>8}  "
        said = shortened(redacted(_said(block, actions)), _WIDTH - len(head))
        yield "plain" if one.result in GOOD else "bad", f"{head}{said}".rstrip()


def _said(block: Sequence[Outcome], actions: Mapping[str, str]) -> str:
    first = block[0]
    if first.result is Result.APPLIED:
        return actions.get(first.host, "")
    if first.failed:
        return f"failed step: {step_title(first.failed)}"
    return of_all([ending(one) for one in block], [one.message.partition("\n")[0] for one in block])


def _alike(ended: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """Hosts without a run that ended for one reason are a row; all others have one each."""
    blocks: dict[object, list[Outcome]] = {}
    for one in ended:
        alone = one.host if one.seconds >= _MOMENT else ""
        blocks.setdefault((one.result, alone, ending(one).without_own()), []).append(one)
    for block in blocks.values():
        yield from [block] if len(block) >= FEWEST else ([one] for one in block)


def _named(block: Sequence[Outcome]) -> str:
    names = ", ".join(brief([one.host for one in block]))
    return names if len(names) <= _NAME else _cut(names) if len(block) == 1 else f"{len(block)} hosts"


def _rows(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    applied = [[one] for one in outcomes if one.result is Result.APPLIED]
    other = [one for one in outcomes if one.result not in {Result.APPLIED, Result.UNCHANGED, Result.PENDING}]
    other.sort(key=lambda one: _ORDER.index(one.result))
    return [*list(_alike(other))[:_MOST], *(applied if len(applied) <= _MOST_GOOD else ())]


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
