"""The runs that a host keeps, as text and as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.model.common import GOOD, Result
from runnerops.model.gitlab import PauseRecord
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.run import Event, Record, diagnostic_texts
from runnerops.parsing.moments import to_the_second
from runnerops.redact import step_command, step_text, step_title
from runnerops.report.document import VERSION, event_document, origin_document
from runnerops.report.paused import paused_document
from runnerops.report.text import Line

_COMMIT = 12
"""How many digits of a commit are shown."""


def record_lines(record: Record, host: str, clock: int, *, verbose: int) -> Iterator[Line]:
    """One run: when and how it ended, who asked for it, what it changed. With `verbose`, every step and its time."""
    run, result = record.run, record.result
    started_at = to_the_second(run.started_at) if run.started_at else "just now" if run.running else "time not known"
    if run.running:
        since = f" for {max(0, clock - run.started_at)} s" if run.started_at else ""
        yield "warn", f"run {run.number}  {started_at}  going on{since}"
    else:
        word = ending_word(record) if run.result else f"{ending_word(record)}: it has no end"
        took = f"  {record.finished_at - run.started_at:.1f} s" if record.events else ""
        yield "good" if result in GOOD else "bad", f"run {run.number}  {started_at}  {word}{took}"
    yield "plain", f"  {record.command} by {origin_text(run.requester)}"
    if run.requester.pipeline:
        yield "plain", f"  {run.requester.pipeline}"
    yield from (("plain", f"  ~ {path}") for path in record.swapped)
    yield from (("plain", f"  → {action.replace('_', '-')}") for action in record.actions)
    if record.failed:
        yield "bad", f"  failed step: {step_title(record.failed)}"
    elif record.interrupted:
        yield "plain", "  interrupted: no step failed"
    if record.failed or (result not in GOOD and not run.running):
        yield from (("plain", f"    {line}") for line in diagnostic_texts(record.events))
    if verbose:
        yield from _step_lines(record, verbose)
    if run.running:
        yield "plain", f"  hint: `runnerops history {host} --follow` shows it until its end"


def ending_word(record: Record) -> str:
    """How it ended, in one or two words."""
    return "going on" if record.run.running else record.result.value if record.run.result else "cut off"


def _step_lines(record: Record, verbose: int) -> Iterator[Line]:
    for event, took in timed_steps(record):
        steps = record.rollback if event.list == "rollback" else record.forward
        if not 0 <= event.step < len(steps):
            continue
        rollback = "rollback: " if event.list == "rollback" else ""
        yield "plain", f"  {took:8.2f} s  {rollback}{step_title(steps[event.step])}"
        if command := step_command(steps[event.step], verbose):
            yield "command", f"              {command}"


def timed_steps(record: Record) -> Iterator[tuple[Event, float]]:
    """Each step that began, with the seconds until the next event."""
    marks = [event for event in record.events if event.kind in {"step", "done", "fail", "end"}]
    for index, event in enumerate(marks):
        if event.kind == "step":
            after = marks[index + 1].at if index + 1 < len(marks) else event.at
            yield event, after - event.at


def origin_text(requester: Requester) -> str:
    """Who asked for a run, and from where: `anna on laptop, commit 1a2b3c4d5e6f`."""
    who = requester.user or "somebody"
    where = f" on {requester.machine}" if requester.machine else ""
    commit = f", commit {requester.commit[:_COMMIT]}" if requester.commit else ""
    return f"{who}{where}{commit}"


def holder_text(run: Run) -> str:
    """Who asked for a run: `run 12 by anna from laptop, since 2026-07-02 14:02:11`; `at` if the run has ended."""
    where = run.requester.pipeline or run.requester.machine
    word = "since" if run.running else "at"
    since = f", {word} {to_the_second(run.started_at)}" if run.started_at else ", since just now" if run.running else ""
    return f"run {run.number} by {run.requester.user or 'somebody'}{f' from {where}' if where else ''}{since}"


def last_run_lines(run: Run, host: str) -> Iterator[Line]:
    """What `diff` says about a run that is under way or did not end well; no lines for other runs."""
    if run.running:
        yield "warn", f"  {holder_text(run)}, is going on there right now"
        yield "plain", f"  hint: `runnerops history {host} --follow` shows it until its end"
    elif run.result != "applied":
        cut_off = "cut off" if run.started_at else "just beginning, or cut off"
        word = "interrupted" if run.result == "interrupted" else run.outcome.value if run.result else cut_off
        yield "warn", f"  last: {holder_text(run)}: {word}"
        yield "plain", f"  hint: `runnerops history {host}` tells why"


def history_document(host: str, records: Sequence[Record], paused: Sequence[PauseRecord] = ()) -> dict[str, Any]:
    """The whole history of a host, the newest run first, and the runners that its runs have paused in GitLab."""
    runs = [_document(record) for record in records]
    return {"version": VERSION, "host": host, "runs": runs, "paused_by_run": paused_document(paused)}


def _document(record: Record) -> dict[str, Any]:
    run = record.run
    return {
        "run": run.number,
        "command": record.command,
        "command_id": run.requester.command_id,
        "result": record.result.value if run.result or run.running else Result.UNKNOWN.value,
        "end": run.result,
        "running": run.running,
        "started_at": run.started_at,
        "finished_at": round(record.finished_at, 2) if run.result else None,
        "requested_by": origin_document(run.requester),
        "files": list(record.swapped),
        "actions": list(record.actions),
        "failed": step_text(record.failed) if record.failed else None,
        "failed_title": step_title(record.failed) if record.failed else None,
        "events": [_event(record, event) for event in record.events],
    }


def _event(record: Record, event: Event) -> dict[str, Any]:
    steps = record.rollback if event.list == "rollback" else record.forward
    return event_document(event, steps[event.step] if 0 <= event.step < len(steps) else None)
