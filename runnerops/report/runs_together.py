"""The runs of several hosts as one list by time, with the runs of one deploy that ended alike together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import GOOD
from runnerops.model.host_names import brief, by_number
from runnerops.model.run import Record
from runnerops.parsing.moments import to_the_second
from runnerops.report.alike import HostText, Line, shared_lines
from runnerops.report.history import ending_word, record_lines

_MOST = 20
"""How many are shown. Earlier ones are counted."""


@frozen
class HostRun:
    """A run that this host keeps, the host's clock in epoch seconds, and further notes on the run."""

    host: str
    record: Record
    clock: int
    more: tuple[Line, ...] = ()

    @property
    def text(self) -> HostText:
        """The lines below its first line. Further notes replace the hint how to follow it."""
        lines = list(record_lines(self.record, self.host, self.clock, verbose=0))[1:]
        return HostText(self.host, "", (*lines[:-1], *self.more) if self.more else lines)


def merged_history_lines(every: Iterable[HostRun], *, show_all: bool = False) -> Iterator[Line]:
    """The newest runs first. What is the same for many hosts is printed once. `show_all`: no run is only counted."""
    blocks = list(_blocks(sorted(every, key=lambda item: (not item.record.run.running, -_began(item)))))
    most = len(blocks) if show_all else _MOST
    for block in blocks[:most]:
        yield _heading(block)
        yield from shared_lines(texts := [host_run.text for host_run in block], texts[0].lines)
    if len(blocks) > most:
        count = sum(map(len, blocks[most:]))
        yield "dim", f"and {count} earlier run{'s' if count != 1 else ''}: -v shows each host's own, all of them"


def _blocks(newest_first: Iterable[HostRun]) -> Iterator[list[HostRun]]:
    """Groups the runs that one command began and that ended alike. Two runs on one host are never together, nor is a run of
    which nobody knows the command.
    """
    blocks: list[list[HostRun]] = []
    latest: dict[object, list[HostRun]] = {}
    grouped: set[object] = set()
    for host_run in newest_first:
        run = host_run.record.run
        command = run.requester.command_id or (host_run.host, run.number)
        key = command, ending_word(host_run.record), host_run.text.normalized()
        if key not in latest or (key, host_run.host) in grouped:
            latest[key] = []
            blocks.append(latest[key])
        latest[key].append(host_run)
        grouped.add((key, host_run.host))
    yield from blocks


def _began(host_run: HostRun) -> int:
    return host_run.record.run.started_at


def _heading(block: Sequence[HostRun]) -> Line:
    first = min(block, key=_began)
    names = sorted((host_run.host for host_run in block), key=by_number)
    run = first.record.run
    when = to_the_second(_began(first)) if _began(first) else "just now" if run.running else "time not known"
    hosts = f"{names[0]} (run {run.number})" if len(block) == 1 else f"{len(block)} hosts: {', '.join(brief(names))}"
    style = "warn" if run.running else "good" if first.record.result in GOOD else "bad"
    return style, f"{when}  {ending_word(first.record)}{_seconds(block)}  {hosts}"


def _seconds(block: Sequence[HostRun]) -> str:
    """What their runs took, or have taken by now, from the fastest to the slowest; nothing of such as have no end."""
    running = block[0].record.run.running
    if any(not _began(host_run) if running else not host_run.record.events for host_run in block):
        return ""
    took = [float(host_run.clock) if running else host_run.record.finished_at for host_run in block]
    seconds = [max(0.0, end - _began(host_run)) for end, host_run in zip(took, block, strict=True)]
    least, most = (f"{number:.0f}" if running else f"{number:.1f}" for number in (min(seconds), max(seconds)))
    return f"{' for' if running else ' '} {most if least == most else f'{least} to {most}'} s"
