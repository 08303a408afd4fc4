"""Plans and outcomes as text: pairs of a style and a line. The screen breaks lines at words if it is narrow. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from runnerops.errors import problem_lines
from runnerops.model.common import GOOD, Result, Verb, key_text
from runnerops.model.facts import Job
from runnerops.model.gitlab import Pausing, Setting, SettingsUpdate, Unpaired
from runnerops.model.host_names import first_few
from runnerops.model.plan import Action, Blocker, Change, Finding, Plan
from runnerops.model.run import Outcome
from runnerops.model.steps import Step
from runnerops.model.waited import job_text
from runnerops.patterns import late_pattern
from runnerops.redact import Masker, step_command, step_title
from runnerops.report.differ import diff_lines, state_of
from runnerops.report.origins import cause_texts

Line = tuple[str, str]

SYMBOLS = {"new": "+", "removed": "-"}


def plan_lines(
    plan: Plan,
    masker: Masker,
    in_sync: Sequence[str],
    *,
    verbose: int = 0,
    also: Mapping[Finding, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Line]:
    """One host: blockers first, then each file, then each service's action with its reason and its cost in jobs.

    `also` has the other hosts with the same finding.
    """
    yield "host", plan.host
    for blocker in plan.blockers:
        yield from blocker_lines(blocker, plan.host)
    for blocker in plan.overridden:
        yield "warn", f"  overridden: {blocker.code}: {blocker.message}"
        if why := plan.reasons.get(blocker.code):
            yield "plain", f"       allowed in the inventory: {' '.join(why.split())}"
    for finding in plan.findings:
        yield from finding_lines(finding, also.get(finding, ()), indent="  ")
    for change in plan.changes:
        yield from change_lines(change, masker, plan.change_name)
    for path in in_sync:
        yield "dim", f"  = {path}  in sync"
    labels = {
        key_text(key_change.key): key_change.label for change in plan.changes for key_change in change.key_changes
    }
    for action in plan.actions:
        yield from action_lines(action, labels)
        yield from jobs_lines(action.jobs, plan.clock)
    yield from unpaired_lines(plan.unpaired)
    for update in plan.updates:
        yield from update_lines(update)
    yield from pausing_lines(plan.pausing, {deletion.id for deletion in plan.unpaired.deletions})
    for note in plan.notes:
        yield "plain", f"  note: {note}"
    if verbose:
        yield from step_lines("there", plan.forward, verbose)
        yield from step_lines("back", plan.rollback, verbose)


def blocker_lines(blocker: Blocker, host: str) -> Iterator[Line]:
    """A blocker with its code and, if it can be overridden, the exact flag."""
    yield "bad", f"  blocked: {blocker.code}: {blocker.message}"
    flag = "--kill-jobs" if blocker.code == "jobs-running" else f"--allow {blocker.code}@{host}"
    if blocker.overridable:
        yield "plain", f"       override: {flag}"
    if blocker.code == "plan-differs":
        yield from (("plain", f"    {detail}") for detail in blocker.details)


def finding_lines(finding: Finding, also: Sequence[str] = (), indent: str = "") -> Iterator[Line]:
    """`place: severity: what: message [rule]`, the other hosts that have the finding, and the fix below it. The place is the
    line in the inventory if there is one, or else the file.
    """
    style = "dim" if finding.ignored else {"error": "bad", "warning": "warn"}.get(finding.severity, "plain")
    other_hosts = f" (also {first_few(also, NAMED)})" if also else ""
    place = str(finding.location) if finding.location else finding.path
    severity = "" if finding.ignored else f"{finding.severity}: "
    label = f"{finding.label}: " if finding.key else ""
    yield style, f"{indent}{place}: {severity}{label}{finding.message} [{finding.rule}]{other_hosts}"
    if finding.ignored:
        yield "dim", f"{indent}  ignored: {finding.ignored}"
    elif finding.fix:
        yield "plain", f"{indent}  hint: {finding.fix}"


def change_lines(change: Change, masker: Masker, own_words: str) -> Iterator[Line]:
    """The state of the file, who made the change and, if keys differ, the diff."""
    state = state_of(change)
    origins = list(cause_texts(change, own_words))
    origin = f" · {origins[0][0]}" if len(origins) == 1 and not change.drift else ""
    yield "plain", f"  {SYMBOLS.get(state, '~')} {change.old.path}  {state}{origin}"
    if state not in {"new", "changed", "removed", "layout differs"}:
        return
    if not origin:
        for words, keys in origins:
            yield "plain", f"      {words}: {', '.join(keys)}" if keys else f"      {words}"
    for line in diff_lines(change, masker):
        style = {"+": "new", "-": "gone", "@": "dim"}.get(line[:1], "verbatim")
        yield style, f"      {line}"


def action_lines(action: Action, labels: Mapping[str, str]) -> Iterator[Line]:
    """`reload docker (registry-mirrors) · 0 jobs interrupted`. `labels`: names for the keys in its reasons."""
    because = f" ({', '.join(_reasons(action.because, labels))})" if action.because else ""
    waits = f" · waits for {_jobs(action.jobs_waited)}" if action.jobs_waited else ""
    style = "bad" if action.jobs_lost else "warn" if action.verb >= Verb.RESTART else "plain"
    name = action.service.value.replace("_", "-")
    subject = " ".join((name, *action.names)) if action.names else name
    users = f" · used by {_count(action.used_by)}" if action.used_by else ""
    yield style, f"  → {action.shown} {subject}{because}{users}{waits} · {_jobs(action.jobs_lost)} interrupted"
    if action.containers:
        parts = (f"{_fate(kind, len(names))} ({_some(names)})" for kind, names in action.containers.items())
        yield "plain", f"      containers: {'; '.join(parts)}"


def _reasons(words: Sequence[str], labels: Mapping[str, str]) -> Iterator[str]:
    """The reasons in the form for people. Many keys of one runner are only counted, because the diff shows each."""
    labelled = [labels.get(word, word) for word in words]
    runners = [f"{match[1]}{match[2]}" if (match := _OF_RUNNER.fullmatch(word)) else "" for word in labelled]
    counted: set[str] = set()
    for word, runner in zip(labelled, runners, strict=True):
        count = runners.count(runner) if runner else 1
        if count < _MANY_KEYS:
            yield word
        elif runner not in counted:
            counted.add(runner)
            yield f"{count} keys of {runner}"


def jobs_lines(jobs: Sequence[Job], now: float) -> Iterator[Line]:
    """A line for each job with known details, the oldest first. `now`: epoch seconds by the host's clock."""
    detailed = sorted((job for job in jobs if job.id), key=lambda job: (not job.started_at, job.started_at))
    yield from (("plain", f"      {job_text(job, now)}") for job in detailed[:NAMED])
    if detailed and len(jobs) > len(detailed[:NAMED]):
        yield "plain", f"      and {len(jobs) - len(detailed[:NAMED])} more"


def actions_text(plan: Plan) -> str:
    """Everything that is done on a host, in one line. Without actions, the files that change."""
    acts = [f"{action.shown} {action.service.value.replace('_', '-')}" for action in plan.actions]
    return ", ".join(acts) or ", ".join(change.old.path for change in plan.changes)


def update_lines(update: SettingsUpdate) -> Iterator[Line]:
    """`→ update runner one in GitLab (tags)`, and below it each value, old and new."""
    keys = ", ".join(change.key for change in update.changes)
    yield "plain", f"  → update runner {update.runner} in GitLab ({keys}) · 0 jobs interrupted"
    for change in update.changes:
        yield "gone", f"      - {change.key}: {_setting(change.old)}"
        yield "new", f"      + {change.key}: {_setting(change.new)}"


def unpaired_lines(unpaired: Unpaired) -> Iterator[Line]:
    """`→ create runner one in GitLab (group 42)`, and below it its settings. Also the runners that are deleted in
    GitLab.
    """
    for creation in unpaired.creations:
        yield "plain", f"  → create runner {creation.runner} in GitLab ({creation.place}) · 0 jobs interrupted"
        for key, value in creation.settings.items():
            yield "new", f"      + {key}: {_setting(value)}"
    for leftover in unpaired.leftovers:
        why = "an interrupted deploy left it there"
        yield "plain", f"  → delete runner {leftover.id} in GitLab ({why}) · 0 jobs interrupted"
    for begun in unpaired.begun if not unpaired.leftovers else ():
        why = f"{begun.place}: an interrupted deploy began to, and nothing is left of it there"
        yield "plain", f"  → forget that runners were to be created in GitLab ({why}) · 0 jobs interrupted"
    for deletion in unpaired.deletions:
        when = "paused first, deleted after its last job" if deletion.on_host else "it is not on the host any more"
        yield "warn", f"  → delete runner {deletion} in GitLab ({when}) · 0 jobs interrupted"


def pausing_lines(pausing: Pausing, leaving: Collection[int] = ()) -> Iterator[Line]:
    """`→ pause runner one in GitLab until …`, and what an earlier run left paused, but not runners to be deleted."""
    for pause in (pause for pause in pausing.paused_now if pause.id not in leaving):
        until = "until the run has ended well, or is rolled back"
        jobs = "" if pause.jobs is None else f" · by GitLab's count {_run(pause.jobs)} on it"
        yield "plain", f"  → pause runner {pause.runner} in GitLab {until}{jobs} · 0 jobs interrupted"
    for pause in (pause for pause in pausing.left_paused if pause.id not in leaving):
        if not pause.stays:
            why = f"run {pause.run} paused it, and its client was gone at the end"
            yield "plain", f"  → unpause runner {pause.runner} in GitLab ({why}) · 0 jobs interrupted"
        else:
            why = "as the inventory asks"
            yield "plain", f"  → leave runner {pause.runner} paused in GitLab, {why}, as run {pause.run} left it"


def _run(jobs: int) -> str:
    return f"{_jobs(jobs)} run{'s' if jobs == 1 else ''}"


def _setting(value: Setting) -> str:
    """A setting as JSON, so that a text from GitLab can neither break the line nor control a terminal."""
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


_OF_RUNNER = late_pattern(r"(runners\[\d+\])\.\S+( \(.*\))")
_MANY_KEYS = 4

_FATES = {
    "keep_running": ("keeps running", "keep running"),
    "come_back": ("ends and comes back", "end and come back"),
    "end": ("ends for good", "end for good"),
    "vanish": ("would no longer be seen by Docker", "would no longer be seen by Docker"),
    "jobs": ("of a CI job", "of CI jobs"),
}
NAMED = 5
"""How many are named. The others are counted."""


def _fate(kind: str, count: int) -> str:
    singular, plural = _FATES[kind]
    return f"{count} {singular if count == 1 else plural}"


def _some(names: Sequence[str]) -> str:
    """The first five, and the number of the others."""
    omitted = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{omitted}"


def _count(hosts: Sequence[str]) -> str:
    return hosts[0] if len(hosts) == 1 else f"{len(hosts)} hosts"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def step_lines(title: str, steps: Sequence[Step], verbose: int) -> Iterator[Line]:
    """The steps that will run, for `-v` and `-vv`: each with its title, and below it its command."""
    if steps:
        yield "plain", f"  steps {title}:"
    for index, step in enumerate(steps):
        yield "plain", f"    {index:3} {step_title(step)}"
        if command := step_command(step, verbose):
            yield "command", f"        {command}"


def summary_line(outcomes: Sequence[Outcome]) -> str:
    """`3 hosts: 2 applied, 1 rolled-back (c)`. Good results are counted; the hosts of the others are also named."""
    names: dict[Result, list[str]] = {}
    for outcome in outcomes:
        names.setdefault(outcome.result, []).append(outcome.host)
    quiet = {Result.UNCHANGED, Result.APPLIED}
    words = [
        f"{len(of)} {result}{'' if result in quiet else f' ({first_few(of, NAMED)})'}" for result, of in names.items()
    ]
    return f"{len(outcomes)} host{'s' if len(outcomes) != 1 else ''}: {', '.join(words)}"


def outcome_lines(outcome: Outcome, *, verbose: int = 0) -> Iterator[Line]:
    """How one host ended, the failed step (with `verbose`, its command), the messages, and the command to type next."""
    style = "good" if outcome.result in GOOD else "bad"
    took = f"  ({outcome.seconds:.1f} s)" if outcome.seconds >= 0.05 else ""
    yield style, f"{outcome.host}: {outcome.result}{took}"
    if outcome.message:
        yield "plain", f"  {outcome.message}"
    if outcome.failed and (command := step_command(outcome.failed, verbose)):
        yield "command", f"  its command: {command}"
    for line in outcome.diagnostics:
        yield "plain", f"    {line}"
    for line in problem_lines(outcome.problems):
        yield "plain", f"    {line}"
    if outcome.hint:
        yield "plain", f"  hint: {outcome.hint}"
