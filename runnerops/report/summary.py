"""The result of a deploy of several hosts as a small table: the worst first, good results in short. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from runnerops.model.common import GOOD, Result
from runnerops.model.host_names import brief
from runnerops.model.run import Outcome
from runnerops.redact import step_title
from runnerops.report.alike import MIN_BLOCK, common_text
from runnerops.report.causes import outcome_text
from runnerops.report.text import Line
from runnerops.report.wrap import shorten

_WIDTH, _NAME, _SECONDS = 80, 24, 8
"""Columns of a line, the most for a host's name, and the fewest for its seconds."""
_MOST_GOOD, _MOST = 20, 50
"""The most rows for hosts that ended well, and for others. The remaining hosts are counted."""
_MOMENT = 0.05
"""In seconds. A host that took less had no run."""
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
    outcomes: Sequence[Outcome], actions: Mapping[str, str], redacted: Callable[[str], str], width: int = _WIDTH
) -> Iterator[Line]:
    """A line for each host: its result, its seconds, and what was done or why not; no lines if nothing was to be done.

    Lines are cut at `width`, or at 80 columns in a narrower terminal, which wraps them. `actions` are those of each host
    that was to change. `redacted` is applied before a text is cut.
    """
    rows = [(_named(block), block[0].result, _took(block), _detail(block, actions)) for block in _rows(outcomes)]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for name, result, took, detail in rows:
        head = f"{name:{widths[0]}}  {result:{widths[1]}}  {took:>{max(widths[2], _SECONDS)}}  "
        text = shorten(redacted(detail), max(width, _WIDTH) - len(head))
        yield "plain" if result in GOOD else "bad", f"{head}{text}".rstrip()


def _took(block: Sequence[Outcome]) -> str:
    """The seconds of the fastest and the slowest."""
    least, most = (
        f"{number:.1f}"
        for number in (
            min(outcome.seconds for outcome in block),
            max(outcome.seconds for outcome in block),
        )
    )
    if max(outcome.seconds for outcome in block) < _MOMENT:
        return ""
    return f"{most} s" if least == most else f"{least} to {most} s"


def _detail(block: Sequence[Outcome], actions: Mapping[str, str]) -> str:
    first = block[0]
    if first.result is Result.APPLIED:
        return actions.get(first.host, "")
    return common_text([outcome_text(outcome) for outcome in block], [_why(outcome) for outcome in block])


def _why(outcome: Outcome) -> str:
    return f"failed step: {step_title(outcome.failed)}" if outcome.failed else outcome.message.partition("\n")[0]


def _alike(ended: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """Groups hosts with the same row."""
    blocks: dict[object, list[Outcome]] = {}
    for outcome in ended:
        why = replace(outcome_text(outcome), lines=[("plain", _why(outcome))]).normalized()
        blocks.setdefault((outcome.result, why), []).append(outcome)
    for block in blocks.values():
        yield from [block] if len(block) >= MIN_BLOCK else ([outcome] for outcome in block)


def _named(block: Sequence[Outcome]) -> str:
    names = ", ".join(brief([outcome.host for outcome in block]))
    return names if len(names) <= _NAME else _cut(names) if len(block) == 1 else f"{len(block)} hosts"


def _rows(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    applied = [[outcome] for outcome in outcomes if outcome.result is Result.APPLIED]
    remarkable = [
        outcome for outcome in outcomes if outcome.result not in {Result.APPLIED, Result.UNCHANGED, Result.PENDING}
    ]
    remarkable.sort(key=lambda outcome: _ORDER.index(outcome.result))
    return [*list(_alike(remarkable))[:_MOST], *(applied if len(applied) <= _MOST_GOOD else ())]


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
