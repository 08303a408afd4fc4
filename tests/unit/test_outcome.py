"""Which outcome the events of a run result in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.runs.outcome import outcome_of
from runnerops.model.common import Result
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.model.steps import Step

STAGE = Step("stage", ("old.1", "/etc/docker/daemon.json", "0644", "root:root", "0" * 64))
PLAN = Plan("h", 1, Requester("anna", "laptop"), forward=(STAGE,))


@pytest.mark.parametrize(
    ("step", "end", "hint"),
    [
        (STAGE, "failed", "`runnerops history h -v`"),
        (STAGE, "rolled-back", "`runnerops history h -v`"),
        (Step("guard", ("a", "cat", "/a")), "failed", "try again, which makes a new plan"),
        (STAGE, "needs-attention", "look at the host"),
    ],
)
def test_a_run_that_failed_says_what_to_type(step: Step, end: str, hint: str) -> None:
    events = [Event("h", 1.0, "forward", 0, "fail", ""), Event("h", 1.1, "", -1, "end", end)]
    outcome = outcome_of(replace(PLAN, forward=(step,)), events)
    assert outcome
    assert outcome.hint.startswith(hint)


def ended(note: str) -> str:
    events = [
        Event("h", 1.0, "forward", 0, "note", note),
        Event("h", 1.0, "forward", 0, "fail", ""),
        Event("h", 1.1, "", -1, "end", "failed"),
    ]
    outcome = outcome_of(PLAN, events)
    assert outcome
    assert outcome.result is Result.FAILED
    return outcome.message


def test_a_full_disk_is_said_with_its_folder() -> None:
    full = "cp: error writing '/etc/docker/.daemon.json.runnerops.0': No space left on device"
    assert ended(full) == "no space left in /etc/docker; nothing was swapped"


def test_any_other_failure_names_its_step() -> None:
    assert "failed step: stage a copy of /etc/docker/daemon.json" in ended("chown: invalid user")


@pytest.mark.parametrize("end", ["interrupted", "rolled-back"])
def test_a_run_that_ends_without_a_failed_step_was_interrupted(end: str) -> None:
    outcome = outcome_of(PLAN, [Event("h", 1.1, "", -1, "end", end)])
    assert outcome
    assert outcome.interrupted
    assert outcome.message.startswith("interrupted")
    failed = outcome_of(PLAN, [Event("h", 1.0, "forward", 0, "fail", ""), Event("h", 1.1, "", -1, "end", end)])
    assert failed
    assert not failed.interrupted
