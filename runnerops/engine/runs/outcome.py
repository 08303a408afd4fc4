"""Makes a host's outcome from the events of its run: how it ended, which step failed, what to do next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.codes.blockers import BLOCKERS
from runnerops.model.common import ENDS, STATE_FOLDER, Result
from runnerops.model.plan import Blocker, Plan
from runnerops.model.run import Event, Outcome, Record, diagnostic_texts
from runnerops.model.steps import Step, drains
from runnerops.model.waited import count_text, in_words, job_text, read_waited
from runnerops.redact import step_title

_MESSAGES = {
    Result.FAILED: "failed before anything was swapped: the host is as it was",
    Result.ROLLED_BACK: "failed, and the host is back as it was",
    Result.NEEDS_ATTENTION: "failed, and the rollback failed too; manual intervention needed",
    Result.LOCKED: "another run came in between; nothing was changed",
    Result.REFUSED: "refused on the host; nothing was changed",
}

_REFUSALS = {
    "unproven-mirror": (
        "a mirror does not answer from this host; nothing was changed",
        "repair the mirror's host, or deploy without this check",
    ),
    "upstream-down": (
        "the upstream of a cache does not answer, so the cache would not start again; nothing was changed",
        "wait until it does, or deploy all the same",
    ),
}
"""By the code of `--allow` that leaves out a step: the message and the hint if this step fails."""


NO_SPACE = "No space left on device"
"""The message of commands about a full disk under `LC_ALL=C`."""

CUT_OFF = "cut off by a shutdown of the host"
"""The note that `host.sh` writes before it ends such a run."""


def outcome_of(plan: Plan, events: Sequence[Event]) -> Outcome | None:
    """Returns None if the end of the run was not seen. Of the plan, only the host, the number and the steps
    are used.
    """
    if not events or events[-1].kind != "end":
        return None
    result = ENDS.get(events[-1].text, Result.UNKNOWN)
    failed = _failed(plan, events)
    if result in {Result.FAILED, Result.ROLLED_BACK} and CUT_OFF in {event.text for event in events}:
        return _shutdown_outcome(plan, result)
    if result is Result.ROLLED_BACK and failed and drains(failed):
        return _drain_timeout_outcome(plan, failed, events)
    if result is Result.FAILED and failed and failed.verb == "await":  # only answers are awaited before the first swap
        result = Result.REFUSED
    code = plan.overrides.get(failed, "") if failed else ""
    message = _REFUSALS.get(code, ("", ""))[0] or _MESSAGES.get(result, "")
    message = (
        f"{message}\n  failed step: {step_title(failed)}" if failed else message.replace("failed", "interrupted", 1)
    )
    diagnostics = diagnostic_texts(events)
    if failed and failed.verb == "stage" and any(NO_SPACE in text for text in diagnostics):
        return _disk_full_outcome(plan, result, failed)
    interrupted = failed is None and result in {Result.FAILED, Result.ROLLED_BACK}
    hint = _hint(plan, result, failed, code)
    return Outcome(plan.host, result, failed, message, diagnostics, hint, interrupted=interrupted)


def _disk_full_outcome(plan: Plan, result: Result, failed: Step) -> Outcome:
    folder = failed.args[1].rpartition("/")[0]
    return Outcome(
        plan.host, result, failed, f"no space left in {folder}; nothing was swapped", hint="free space there"
    )


def _shutdown_outcome(plan: Plan, result: Result) -> Outcome:
    """The outcome after a shutdown. By then all swapped files are swapped back, and daemons load these at the next boot.
    A cache that was recreated stays as it is, and its intent is kept.
    """
    files = "its files are back as they were" if result is Result.ROLLED_BACK else "nothing was swapped"
    return Outcome(plan.host, result, message=f"{CUT_OFF}; {files}", hint="try again once the host is up")


def _drain_timeout_outcome(plan: Plan, failed: Step, events: Sequence[Event]) -> Outcome:
    """The outcome after the time limit of a drain. The last note says how many jobs are still running, and which."""
    notes = [event for event in events if event.kind == "note" and event.list == "forward"]
    lines = [in_words(event.text, event.at) for event in notes]
    waited = read_waited(notes[0].text) if notes else None
    limit, jobs = time_text(int(failed.args[0])), notes[0].text if notes else "it is still running"
    jobs = count_text(waited.count) if waited else jobs
    message = (
        f"not drained within {limit}: {jobs}; nothing was swapped\n  the runner starts by itself after its last job"
    )
    hint = "try again then, or with a longer --drain-timeout, or with --kill-jobs"
    return Outcome(plan.host, Result.FAILED, failed, message, tuple(lines[1:]), hint)


def time_text(seconds: int) -> str:
    """Formats a time as `--drain-timeout` accepts it: `2h`, `90s`."""
    size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def detached_outcome(plan: Plan, event: Event) -> Outcome:
    """The outcome of a run that this client stopped following (`--no-wait`). The event says for how many jobs the run
    waits.
    """
    if waited := read_waited(event.text):
        message = f"it waits for {count_text(waited.count)}, then continues by itself on its host"
        jobs = tuple(job_text(job, event.at) for job in waited.jobs)
    else:
        message = f"it waits for the runner to end, then continues by itself on its host: {event.text}"
        jobs = ()
    hint = f"`runnerops history {plan.host} --follow` shows it until its end"
    return Outcome(plan.host, Result.IN_PROGRESS, message=message, diagnostics=jobs, hint=hint)


def unverified_outcome(outcome: Outcome) -> Outcome:
    """The outcome of a run that ended well, if an interrupt came before `verify` had ended (`rollout.health`)."""
    message = "its files are deployed; interrupted before verify had ended (rollout.health)"
    hint = f"`runnerops verify {outcome.host}` tells whether pulls go through its cache"
    return replace(outcome, result=Result.FAILED, message=message, hint=hint)


def unknown_outcome(plan: Plan) -> Outcome:
    """The outcome if the connection could not be restored, or the run is over without an end in its log."""
    message = f"the connection was lost before the end of run {plan.run}; it continues, or rolls back, by itself"
    hint = f"`runnerops history {plan.host} --follow` shows how it ends"
    return Outcome(plan.host, Result.UNKNOWN, message=message, hint=hint)


def lost_race_outcome(plan: Plan) -> Outcome:
    """The outcome if another run began after this plan was made."""
    return Outcome(plan.host, Result.LOCKED, message=_MESSAGES[Result.LOCKED], hint=_hint(plan, Result.LOCKED))


def held_outcome(plan: Plan, hold: Blocker) -> Outcome:
    """The outcome if somebody put a hold on the host after this plan was made."""
    message = f"{hold.message} (since the plan was made); nothing was changed"
    hint = f"{BLOCKERS[hold.code].remedy} (--allow {hold.code}@{plan.host})"
    return Outcome(plan.host, Result.REFUSED, message=message, hint=hint, blockers=(hold,))


def plan_of_record(host: str, record: Record) -> Plan:
    """Makes a plan from a recorded run, with what is needed to follow it."""
    return Plan(host, record.run.number, record.run.requester, forward=record.forward, rollback=record.rollback)


def _failed(plan: Plan, events: Sequence[Event]) -> Step | None:
    index = next((event.step for event in events if event.kind == "fail" and event.list == "forward"), None)
    return plan.forward[index] if index is not None and index < len(plan.forward) else None


def _hint(plan: Plan, result: Result, failed: Step | None = None, code: str = "") -> str:
    if result is Result.NEEDS_ATTENTION:
        return f"look at the host; the steps that were done are in {STATE_FOLDER}/runs/{plan.run}/log there"
    if result is Result.LOCKED or (failed and failed.verb == "guard"):  # the host had changed since it was planned
        return "try again, which makes a new plan"
    if code:
        return f"{_REFUSALS[code][1]}: --allow {code}@{plan.host}"
    return "" if result is Result.APPLIED else f"`runnerops history {plan.host} -v` shows every step with its command"
