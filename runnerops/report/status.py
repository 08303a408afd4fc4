"""The status of hosts, as text and as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.model.gitlab import RunnerStatus
from runnerops.model.host_state import Hold, HostState, Run
from runnerops.parsing.moments import in_utc, to_the_second
from runnerops.report.document import job_document
from runnerops.report.history import origin_text
from runnerops.report.paused import paused_document, paused_lines
from runnerops.report.text import Line, jobs_lines
from runnerops.services.status import ServiceStatus

_CUT_OFF = "cut off"
_ONLINE = {
    "never_contacted": "has not asked GitLab for jobs yet",
    "stale": "has not asked GitLab for jobs for long (stale)",
}
"""The meaning of GitLab's words for a runner. Other words are shown unchanged."""


def status_lines(
    host: str,
    observed: HostState,
    statuses: Sequence[ServiceStatus],
    notes: Sequence[str] = (),
    *,
    pending: bool | None = None,
) -> Iterator[Line]:
    """A line for each system, then what is unfinished, noted, pending (None: not asked), and left over."""
    last = observed.last
    yield "host", f"{host}: {_run_text(last) if last else 'no run yet'}"
    if last and last.running:
        yield "warn", f"  run {last.number} is going on: runnerops history {host} --follow"
    if hold := observed.hold:
        when = f" until {in_utc(hold.until)}" if hold.until else ""
        by = f" by {hold.by}" if hold.by else ""
        yield "warn", f"  held{by}{when}: {hold.reason} (runnerops release {host})"
    rows = [(status.service.value.replace("_", "-"), status.version or "-", status.state) for status in statuses]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for status, row in zip(statuses, rows, strict=True):
        head = "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "  "
        details = ", ".join((*status.details, *(() if status.managed else ("not managed",))))
        yield "plain" if status.healthy else "bad", f"{head}{details}".rstrip()
        yield from jobs_lines(status.jobs, observed.facts.clock)
        for runner in status.runners:
            yield from _runner_lines(runner, observed.facts.clock)
    for intent in observed.intents:
        yield (
            "warn",
            f"  unfinished: {intent.verb.name.lower()} {intent.service.value.replace('_', '-')} since run {intent.run}",
        )
    yield from paused_lines(host, observed.paused, last)
    yield from (("warn", f"  note: {note}") for note in notes)
    if pending:
        yield "warn", f"  changes are pending: runnerops diff {host}"
    for status in statuses:
        for path in status.leftover_files:
            yield "warn", f"  no longer managed: {path} (its section is gone)"


def _runner_lines(status: RunnerStatus, now: int) -> Iterator[Line]:
    """What is noteworthy about a runner's status in GitLab; no lines if it just works. `now` is in epoch seconds."""
    words = ["paused in GitLab"] if status.paused else []
    words += (
        [_ONLINE.get(status.online, f"{status.online} in GitLab")]
        if status.online not in {"", "online", "paused"}
        else []
    )
    expired = status.expires_at is not None and status.expires_at.timestamp() <= now
    if status.expires_at and status.is_known is not False:
        words.append(f"its token {'expired' if expired else 'expires'} {status.expires_at:%Y-%m-%d}")
    words += [status.reason] if status.reason else []
    if words:
        bad = status.is_known is False or expired
        yield "bad" if bad else "warn" if status.reason else "plain", f"    runner {status.name}: {', '.join(words)}"
    if status.fix:
        yield "plain", f"      hint: {status.fix}"


def _runner_document(status: RunnerStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "url": status.url,
        "id": status.id or None,
        "known_to_gitlab": status.is_known,
        "token_expires_at": status.expires_at.isoformat() if status.expires_at else None,
        "paused": status.paused,
        "status_in_gitlab": status.online or None,
        "reason": status.reason,
        "fix": status.fix,
    }


def _run_text(run: Run) -> str:
    when = f" {to_the_second(run.started_at)}" if run.started_at else ""
    word = "going on" if run.running else run.outcome.value if run.result else _CUT_OFF
    return f"run {run.number} {word}{when} by {origin_text(run.requester)}"


def hold_document(hold: Hold) -> dict[str, Any]:
    """A hold as JSON values. `until` is null if it has no end."""
    return {"until": hold.until or None, "by": hold.by, "reason": hold.reason}


def status_document(
    host: str,
    observed: HostState,
    statuses: Sequence[ServiceStatus],
    notes: Sequence[str] = (),
    *,
    pending: bool | None = None,
) -> dict[str, Any]:
    """The status of one host as JSON values."""
    hold = observed.hold
    return {
        "host": host,
        "result": "reached",
        **({} if pending is None else {"pending": pending}),
        "hold": hold_document(hold) if hold else None,
        "last_run": _run_document(observed.last) if observed.last else None,
        "services": [
            {
                "service": status.service.value,
                "managed": status.managed,
                "version": status.version,
                "state": status.state,
                "healthy": status.healthy,
                "details": list(status.details),
                "no_longer_managed": list(status.leftover_files),
                **({"jobs": [job_document(job) for job in status.jobs]} if status.jobs else {}),
                **({"runners": [_runner_document(each) for each in status.runners]} if status.runners else {}),
            }
            for status in statuses
        ],
        "paused_by_run": paused_document(observed.paused),
        "notes": list(notes),
        "unfinished": [
            {"service": intent.service.value, "verb": intent.verb.name.lower(), "run": intent.run}
            for intent in observed.intents
        ],
    }


def _run_document(run: Run) -> dict[str, Any]:
    requester = run.requester
    return {
        "run": run.number,
        "result": run.outcome.value,
        "end": run.result,
        "running": run.running,
        "started_at": run.started_at,
        "requested_by": {
            "user": requester.user,
            "machine": requester.machine,
            "commit": requester.commit,
            "pipeline": requester.pipeline,
        },
    }
