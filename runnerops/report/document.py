"""Plans, events and outcomes as JSON values. Pure. Keys are documented in `docs/json.md` and only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runnerops.model.common import Result, SourceLocation, key_text
from runnerops.model.facts import Job
from runnerops.model.gitlab import Creation, Pause, Setting, SettingsUpdate
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.plan import Action, Blocker, Change, Finding, Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step, drains
from runnerops.model.waited import count_text, read_waited
from runnerops.redact import Masker, step_text, step_title
from runnerops.report.differ import diff_lines, state_of

VERSION = 1


def plan_document(
    plan: Plan, result: Result, masker: Masker, in_sync: Sequence[str], last: Run | None = None
) -> dict[str, Any]:
    """The plan of one host as JSON values."""
    return {
        "host": plan.host,
        "result": result.value,
        "run": plan.run,
        "files": [_change(change, masker) for change in plan.changes]
        + [{"path": path, "state": "in sync"} for path in in_sync],
        "actions": [_action(action) for action in plan.actions],
        "gitlab": [_update(update) for update in plan.updates],
        "created_in_gitlab": [_creation(creation) for creation in plan.unpaired.creations],
        "deleted_in_gitlab": [
            *(leftover.id for leftover in plan.unpaired.leftovers),
            *(deletion.id for deletion in plan.unpaired.deletions),
        ],
        "leaving_gitlab": [{"runner": deletion.runner, "id": deletion.id} for deletion in plan.unpaired.deletions],
        "begun_in_gitlab": [{"url": record.url, "place": str(record.place)} for record in plan.unpaired.begun],
        "paused_in_gitlab": [_pause(pause) for pause in plan.pausing.paused_now],
        "unpaused_in_gitlab": [_left(pause) for pause in plan.pausing.left_paused if not pause.stays],
        "blockers": [_stop(blocker) for blocker in plan.blockers],
        "overridden": [{**_stop(blocker), "reason": plan.reasons.get(blocker.code)} for blocker in plan.overridden],
        "findings": [finding_document(finding) for finding in plan.findings],
        "notes": list(plan.notes),
        "after": sorted(plan.after),
        "steps": len(plan.forward),
        "last_run": run_document(last) if last else None,
    }


def run_document(run: Run) -> dict[str, Any]:
    """A run on a host, in a short form."""
    return {
        "run": run.number,
        "running": run.running,
        "end": run.result,
        "started_at": run.started_at,
        "requested_by": origin_document(run.requester),
    }


def origin_document(requester: Requester) -> dict[str, str]:
    """Who asked for a run, and from where."""
    return {
        "user": requester.user,
        "machine": requester.machine,
        "commit": requester.commit,
        "pipeline": requester.pipeline,
    }


def _change(change: Change, masker: Masker) -> dict[str, Any]:
    drift = change.drift
    return {
        "path": change.old.path,
        "service": change.new.spec.service.value,
        "state": state_of(change),
        "origin": change.origin,
        "origins": {key_text(key_change.key): key_change.origin for key_change in change.key_changes},
        "edited": {"since_run": drift.run, "at": drift.at or None, "by": drift.by} if drift else None,
        "keys": [key_text(key_change.key) for key_change in change.key_changes],
        "names": {key_text(key_change.key): key_change.name for key_change in change.key_changes if key_change.name},
        "diff": diff_lines(change, masker),
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "service": action.service.value,
        "verb": action.verb.name.lower(),
        "operation": action.shown,
        "because": list(action.because),
        "names": list(action.names),
        "used_by": list(action.used_by),
        "containers": {kind: list(names) for kind, names in action.containers.items()},
        "jobs_interrupted": action.jobs_lost,
        "jobs_waited": action.jobs_waited,
        "jobs": [job_document(job) for job in action.jobs],
    }


def _update(update: SettingsUpdate) -> dict[str, Any]:
    changes = [
        {"key": change.key, "old": _setting(change.old), "new": _setting(change.new)} for change in update.changes
    ]
    return {"runner": update.runner, "id": update.id, "changes": changes}


def _creation(creation: Creation) -> dict[str, Any]:
    settings = {key: _setting(value) for key, value in creation.settings.items()}
    return {"runner": creation.runner, "place": str(creation.place), "settings": settings}


def _pause(pause: Pause) -> dict[str, Any]:
    return {"runner": pause.runner, "id": pause.id, "jobs": pause.jobs}


def _left(pause: Pause) -> dict[str, Any]:
    return {"runner": pause.runner, "id": pause.id, "run": pause.run}


def _setting(value: Setting) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _stop(blocker: Blocker) -> dict[str, Any]:
    return {
        "code": blocker.code,
        "message": blocker.message,
        "overridable": blocker.overridable,
        "details": list(blocker.details),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding of `check` or `diff`."""
    location = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": finding.path,
        "key": key_text(finding.key),
        "name": finding.name,
        "ignored": finding.ignored or None,
        "message": finding.message,
        "fix": finding.fix,
        "place": _place(location) if location else None,
    }


def _place(location: SourceLocation) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "column": location.column}


def _problem(location: SourceLocation, problem: str, fix: str) -> dict[str, Any]:
    return {"place": _place(location), "message": problem, "fix": fix}


def event_document(event: Event, step: Step | None) -> dict[str, Any]:
    """One line of `deploy --output json`. `step` is the step of the event."""
    waited = read_waited(event.text) if event.kind == "wait" and step and drains(step) else None
    return {
        "event": event.kind,
        "host": event.host,
        "at": round(event.at, 2),
        "list": event.list,
        "index": event.step,
        "step": step_text(step) if step else "",
        "title": step_title(step) if step else "",
        "text": count_text(waited.count) if waited else event.text,
        **({"jobs": [job_document(job) for job in waited.jobs]} if waited else {}),
        **({} if event.in_gitlab is None else {"jobs_in_gitlab": event.in_gitlab}),
    }


def job_document(job: Job) -> dict[str, Any]:
    """A running CI job, as far as known."""
    return {
        "id": job.id or None,
        "what": job.what,
        "name": job.name,
        "project": job.project,
        "runner": job.runner,
        "started_at": job.started_at or None,
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """The outcome of one host as JSON values."""
    return {
        "host": outcome.host,
        "result": outcome.result.value,
        "message": outcome.message,
        "failed": step_text(outcome.failed) if outcome.failed else None,
        "failed_title": step_title(outcome.failed) if outcome.failed else None,
        "diagnostics": list(outcome.diagnostics),
        "hint": outcome.hint,
        "seconds": round(outcome.seconds, 2),
        **({"problems": [_problem(*problem) for problem in outcome.problems]} if outcome.problems else {}),
    }


def summary_document(outcomes: Iterable[Outcome], exit_code: int) -> Mapping[str, Any]:
    """The last line of `deploy --output json`, and the only one about hosts that were refused."""
    return {
        "event": "summary",
        "version": VERSION,
        "hosts": [{**outcome_document(outcome), **_refusal(outcome)} for outcome in outcomes],
        "exit": exit_code,
    }


def _refusal(outcome: Outcome) -> dict[str, Any]:
    return {
        "blockers": [_stop(blocker) for blocker in outcome.blockers],
        "findings": [finding_document(finding) for finding in outcome.findings],
    }
