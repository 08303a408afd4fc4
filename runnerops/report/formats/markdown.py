"""Plans as Markdown for a merge request: a host a block, folded where it is long. Pure.

All that comes from files and hosts stands in fences, where it can be neither markup nor a mention of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runnerops.report.formats.plans import HostReport, PlanReport
from runnerops.report.text import Line

_FOLDED = 25
"""Lines from which on a block is folded."""
_ROOM = 200_000
"""Characters of all blocks together: a note holds a million, and is read by people."""
_COMPARED = frozenset({"new", "gone", "dim", "verbatim"})


def markdown(report: PlanReport) -> str:
    """Hosts that are in sync are named in one line."""
    parts = [f"### runnerops: {report.summary}", *_blocks(report.hosts)]
    if quiet := [one.host for one in report.hosts if not one.changes]:
        parts.append(f"In sync: {', '.join(f'`{name}`' for name in quiet)}")
    return "\n\n".join(parts) + "\n"


def _blocks(hosts: Sequence[HostReport]) -> Iterator[str]:
    left = _ROOM
    for one in hosts:
        if not one.changes:
            continue
        block = _block(one)
        if len(block) > left:
            yield f"`{one.host}` and what follows is too long to stand here: the job's log has it."
            return
        left -= len(block)
        yield block


def _block(one: HostReport) -> str:
    lines = list(_compared(one.lines))
    fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall("`+", line)), 3)
    text = "\n".join((f"{fence}diff", *lines, fence))
    if len(lines) < _FOLDED:
        return f"**{one.host}**\n\n{text}"
    return f"<details><summary><b>{one.host}</b> ({len(lines)} lines)</summary>\n\n{text}\n\n</details>"


def _compared(lines: Sequence[Line]) -> Iterator[str]:
    """What is compared stands at the margin, where `diff` gives it its colour; the host's name is the block's title.

    No line begins with `/`: GitLab looks for quick actions before it reads Markdown, and does not know fences of four or more
    (`lib/gitlab/quick_actions/extractor.rb`).
    """
    for style, text in lines:
        for line in text.splitlines() if style != "host" else ():
            shown = line.removeprefix("      ") if style in _COMPARED and line.startswith("      ") else line
            yield f" {shown}" if shown.startswith("/") else shown
