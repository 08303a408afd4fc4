"""A drain as its client sees it: with `--no-wait`, at its time limit, and in the history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.runs.apply import apply, follow
from runnerops.engine.runs.outcome import time_text
from runnerops.model.common import Result
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.model.steps import Step
from runnerops.redact import Redactor
from runnerops.remote import protocol
from runnerops.remote.links import HostLink
from tests.unit.run_logs import CLOCK, Fake, line

TODO = (
    Step("phase", ("gitlab_runner",)),
    Step("await", ("90", "=gone", "sh", "drain.sh", "gitlab-runner", "QUIT", "main", "-", "-")),
    Step("await", ("60", "=loaded", "sh", "-c", "x")),
)
PLAN = Plan("h", 7, Requester("me", "laptop"), forward=TODO)
DRAINING = line("step", step=1, name="forward") + line("wait", "2 jobs", 1, "forward")
LIMIT = (
    line("note", "1 job", 1, "forward")
    + line("note", "job 4711", 1, "forward")
    + line("fail", step=1, name="forward")
    + line("note", "noise of the way back", 2, "rollback")
)


def run(*logs: str | None, no_wait: bool = False, onto: str = "apply") -> tuple[Outcome, Fake]:
    link = Fake(CLOCK, *logs)
    call = apply if onto == "apply" else follow
    return call(PLAN, HostLink(lambda: link, lambda: link), Redactor(), lambda _: None, no_wait=no_wait), link


@pytest.mark.parametrize("onto", ["apply", "follow"])
def test_who_does_not_wait_leaves_as_soon_as_jobs_are_waited_for(onto: str) -> None:
    outcome, link = run(DRAINING, None, line("end", "applied"), no_wait=True, onto=onto)
    assert outcome.result is Result.IN_PROGRESS
    assert "waits for 2 jobs" in outcome.message
    assert "history h --follow" in outcome.hint
    assert len(link.commands) == 1


def test_who_does_not_wait_leaves_a_runner_that_cannot_tell_its_jobs() -> None:
    """Frozen, or with its jobs on other machines: it may take hours as well."""
    text = "no job is seen, and it does not end (it is frozen: systemctl thaw gitlab-runner)"
    logs = line("wait", "no job left, it ends", 1, "forward") + line("wait", text, 1, "forward")
    outcome, _ = run(logs, None, no_wait=True)
    assert outcome.result is Result.IN_PROGRESS
    assert f"on its host: {text}" in outcome.message


@pytest.mark.parametrize(
    "log",
    [
        line("wait", "no job left, it ends", 1, "forward"),
        line("wait", "2 not loaded", 2, "forward"),
        line("wait", "2 jobs", 1, "rollback"),
    ],
)
def test_who_does_not_wait_stays_where_no_job_is_waited_for(log: str) -> None:
    outcome, _ = run(log, line("end", "applied"), no_wait=True)
    assert outcome.result is Result.APPLIED


def test_who_waits_sees_the_end() -> None:
    outcome, _ = run(DRAINING, line("end", "applied"))
    assert outcome.result is Result.APPLIED


def test_at_the_time_limit_nothing_was_swapped_and_the_jobs_are_named() -> None:
    outcome, _ = run(DRAINING, LIMIT, line("end", "rolled-back"))
    assert outcome.result is Result.FAILED
    assert "not drained within 90s: 1 job; nothing was swapped" in outcome.message
    assert "starts by itself after its last job" in outcome.message
    assert outcome.diagnostics == ("job 4711",)
    assert "--drain-timeout" in outcome.hint
    assert "--kill-jobs" in outcome.hint


def test_a_way_back_that_fails_there_still_needs_a_person() -> None:
    assert run(DRAINING, LIMIT, line("end", "needs-attention"))[0].result is Result.NEEDS_ATTENTION


def test_the_history_tells_it_alike() -> None:
    decoder = protocol.Decoder("h")
    log = (CLOCK + DRAINING + LIMIT + line("end", "rolled-back")).splitlines(keepends=True)
    events = tuple(event for text in log if (event := decoder.event(text)))
    record = Record(Run(7, PLAN.requester, "", "rolled-back", False), forward=TODO, events=events)
    assert record.result is Result.FAILED
    later = tuple(replace(event, step=2) if event.kind == "fail" else event for event in events)
    assert replace(record, events=later).result is Result.ROLLED_BACK


@pytest.mark.parametrize(("seconds", "text"), [(7200, "2h"), (90, "90s"), (300, "5m"), (3601, "3601s")])
def test_times_are_reported_as_they_are_typed(seconds: int, text: str) -> None:
    assert time_text(seconds) == text
