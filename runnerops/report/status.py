"""How hosts stand, as text and as JSON values. Pure, but for the local time zone. Readable without colour, at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.model.host_state import HostState, Run
from runnerops.report.history import local_time, origin_text
from runnerops.report.text import WIDTH, Line
from runnerops.services.status import Standing

_CUT_OFF = "cut off"


def status_lines(host: str, have: HostState, standings: Sequence[Standing]) -> Iterator[Line]:
    """A line a system, then what is owed, going on, and left behind."""
    last = have.last
    yield "host", f"{host}: {_run_text(last) if last else 'no run yet'}"
    if last and last.alive:
        yield "warn", f"  run {last.number} is going on: runnerops history {host} --follow"
    rows = [(one.service.value.replace("_", "-"), one.version or "-", one.state) for one in standings]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for one, row in zip(standings, rows, strict=True):
        head = "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "  "
        words = ", ".join((*one.words, *(() if one.managed else ("not managed",))))
        yield from (("plain" if one.well else "bad", line) for line in _row(head, words, widths[0] + 4))
    for owed in have.owed:
        yield (
            "warn",
            f"  owed: {owed.verb.name.lower()} of {owed.service.value.replace('_', '-')}, since run {owed.run}",
        )
    for one in standings:
        for path in one.left:
            yield "warn", f"  no longer managed: {path} (its section is gone)"


def _row(head: str, words: str, column: int) -> Iterator[str]:
    """On one line, or the words below, from the second column on."""
    if len(head) + len(words) <= WIDTH:
        yield f"{head}{words}".rstrip()
        return
    yield head.rstrip()
    indent = " " * column
    yield from textwrap.wrap(
        words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _run_text(run: Run) -> str:
    when = f" {local_time(run.began)}" if run.began else ""
    word = "going on" if run.alive else run.result or _CUT_OFF
    return f"run {run.number} {word}{when} by {origin_text(run.origin)}"


def status_document(host: str, have: HostState, standings: Sequence[Standing]) -> dict[str, Any]:
    """One host."""
    return {
        "host": host,
        "result": "reached",
        "last_run": _run_document(have.last) if have.last else None,
        "services": [
            {
                "service": one.service.value,
                "managed": one.managed,
                "version": one.version,
                "state": one.state,
                "well": one.well,
                "words": list(one.words),
                "no_longer_managed": list(one.left),
            }
            for one in standings
        ],
        "owed": [
            {"service": owed.service.value, "verb": owed.verb.name.lower(), "run": owed.run} for owed in have.owed
        ],
    }


def _run_document(run: Run) -> dict[str, Any]:
    origin = run.origin
    return {
        "run": run.number,
        "end": run.result,
        "going_on": run.alive,
        "began": run.began,
        "origin": {
            "user": origin.user,
            "machine": origin.machine,
            "commit": origin.commit,
            "pipeline": origin.pipeline,
        },
    }
