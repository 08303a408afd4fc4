"""Plans as Markdown for a merge request: one block per host, folded if it is long. Pure.

Everything from files and hosts is in fences, where it can be neither markup nor a mention of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runnerops.report.formats.plans import HostReport, PlanReport
from runnerops.report.text import Line

_FOLDED = 25
"""From this number of lines on, a block is folded."""
_ROOM = 200_000
"""The most characters of all blocks. A note may have a million, but people have to read it."""
_COMPARED = frozenset({"new", "gone", "dim", "verbatim"})


def markdown(report: PlanReport) -> str:
    """The plans as Markdown. Hosts in sync are named on one line."""
    parts = [f"### runnerops: {report.summary}", *_blocks(report.hosts)]
    if quiet := [host.host for host in report.hosts if not host.changes]:
        parts.append(f"In sync: {', '.join(f'`{name}`' for name in quiet)}")
    return "\n\n".join(parts) + "\n"


def _blocks(hosts: Sequence[HostReport]) -> Iterator[str]:
    room = _ROOM
    for host in hosts:
        if not host.changes:
            continue
        block = _block(host)
        if len(block) > room:
            yield f"`{host.host}` and what follows is too long to stand here: the job's log has it."
            return
        room -= len(block)
        yield block


def _block(report: HostReport) -> str:
    lines = list(_compared(report.lines))
    fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall("`+", line)), 3)
    text = "\n".join((f"{fence}diff", *lines, fence))
    if len(lines) < _FOLDED:
        return f"**{report.host}**\n\n{text}"
    return f"<details><summary><b>{report.host}</b> ({len(lines)} lines)</summary>\n\n{text}\n\n</details>"


def _compared(lines: Sequence[Line]) -> Iterator[str]:
    """Puts compared lines at the margin, where `diff` colours them. The title of the block is the host's name.

    No line begins with `/`. GitLab searches for quick actions before it parses Markdown, and does not know fences of
    four or more characters (`lib/gitlab/quick_actions/extractor.rb`).
    """
    for style, text in lines:
        for line in text.splitlines() if style != "host" else ():
            shown = line.removeprefix("      ") if style in _COMPARED and line.startswith("      ") else line
            yield f" {shown}" if shown.startswith("/") else shown
