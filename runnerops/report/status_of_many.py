"""The status of many hosts as text: hosts with the same status are shown as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.model.host_state import HostState
from runnerops.patterns import late_pattern
from runnerops.report.alike import MIN_BLOCK, HostText, Line, block_lines, job_lines
from runnerops.report.status import status_lines
from runnerops.services.status import ServiceStatus

_COUNT = late_pattern(r"\b([0-9.]+) (?:jobs?\b|containers?\b|(?=of [0-9.]+ [A-Za-z]+ free))")
"""A number that changes all the time. Hosts that differ only in these have the same status."""


@frozen
class HostStatus:
    """All that `status` says about one host. `pending`: whether changes are pending (None: not asked)."""

    host: str
    address: str
    observed: HostState
    statuses: Sequence[ServiceStatus]
    notes: Sequence[str] = ()
    pending: bool | None = None

    @property
    def lines(self) -> Iterator[Line]:
        """The lines of this host alone."""
        return status_lines(self.host, self.observed, self.statuses, self.notes, pending=self.pending)

    @property
    def told(self) -> HostText:
        """The same below a heading for many hosts. Of its jobs, only the number."""
        alone = replace(self, statuses=[replace(status, jobs=()) for status in self.statuses])
        (_, first), *rest = alone.lines
        return HostText(self.host, self.address, (("plain", f"  {first.removeprefix(f'{self.host}: ')}"), *rest))

    @property
    def jobs(self) -> int:
        """How many CI jobs run there."""
        return sum(len(status.jobs) for status in self.statuses)


def many_status_lines(every: Iterable[HostStatus], *, apart: bool = False) -> Iterator[Line]:
    """The lines of each host. Hosts with the same status form one block, at the place of the first of them, unless
    `apart`.
    """
    alike: dict[object, list[HostStatus]] = {}
    for status in every:
        host_text = status.told
        key = replace(host_text, lines=[(style, _COUNT.sub("", text)) for style, text in host_text.lines]).normalized()
        alike.setdefault(status.host if apart else key, []).append(status)
    for block in alike.values():
        if len(block) < MIN_BLOCK:
            for host_status in block:
                yield from host_status.lines
            continue
        texts = _counted_together([status.told for status in block])
        yield from block_lines(texts, texts[0].lines)
        yield from job_lines({status.host: status.jobs for status in block})


def _counted_together(block: Sequence[HostText]) -> list[HostText]:
    """With the least and the most of each number in place of the host's own: `0 to 3 jobs`."""
    columns: list[list[Line]] = []
    for lines in zip(*(text.lines for text in block), strict=True):
        numbers = zip(*(_COUNT.finditer(text) for _, text in lines), strict=True)
        spans = [_span(each) for each in numbers]
        columns.append([(style, _with(text, spans)) for style, text in lines])
    return [replace(text, lines=lines) for text, lines in zip(block, zip(*columns, strict=True), strict=True)]


def _span(matches: Sequence[re.Match[str]]) -> str:
    least, most = (of(matches, key=lambda item: float(item[1])) for of in (min, max))
    return most[0] if least[1] == most[1] else f"{least[1]} to {most[0]}"


def _with(text: str, spans: Sequence[str]) -> str:
    remaining = iter(spans)
    return _COUNT.sub(lambda _: next(remaining), text)
