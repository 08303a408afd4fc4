"""The intents of a service: from the first step of a rollback on, until the action is verified."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.answers import Answer
from runnerops.model.common import ServiceName, Verb
from runnerops.model.host_state import HostState, Intent
from runnerops.model.steps import Step
from runnerops.remote.state import host_state
from runnerops.services.steps import ANY, restore_intent
from tests.unit.plan_builders import DOCKER_TREE, RUNNER, ask, observed, plan

DOCKER, RUNNERS = ServiceName.DOCKER, ServiceName.GITLAB_RUNNER


def stopped(state_then: HostState) -> HostState:
    runner = state_then.facts.runner
    assert runner
    unit = replace(runner.unit, active="inactive", pid=0, invocation="")
    return replace(state_then, facts=replace(state_then.facts, runner=replace(runner, unit=unit)))


def test_a_rollback_writes_its_intent_before_it_swaps() -> None:
    """The way there may have struck it, and a way back can be cut off too."""
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), observed({}, RUNNER))
    intents: set[str] = set()
    for step in made.rollback:
        if step.verb == "intend":
            intents.add(step.args[0])
            assert step.args[1].endswith(f" {ANY}")
        if step.verb == "swap":
            assert (DOCKER if "docker" in step.args[0] else RUNNERS) in intents
    assert intents == {DOCKER, RUNNERS}


def test_an_intent_without_an_invocation_is_unfinished() -> None:
    answers = {"kept": Answer(0, f"/var/lib/runnerops/intents/docker:restart 3 {ANY}\n".encode())}
    (intents,) = host_state(answers, {}, observed({}, None).facts).intents
    assert intents == Intent(DOCKER, Verb.RESTART, 3, "")
    made = plan(ask(DOCKER_TREE, None), observed(DOCKER_TREE, None, intents=(intents,)))
    assert [action.verb for action in made.actions if action.service is DOCKER] == [Verb.RESTART]
    assert restore_intent(DOCKER, intents) == Step("intend", ("docker", f"restart 3 {ANY}"))


@pytest.mark.parametrize("odd", ["\u2028", "\u0085", "\x0c", "\r"])
def test_a_kept_file_may_hold_what_ends_a_line_elsewhere(odd: str) -> None:
    kept = f"/var/lib/runnerops/runs/3/new.1:# a{odd}b: c\n/var/lib/runnerops/intents/docker:restart 3 {ANY}\n"
    state_then = host_state({"kept": Answer(0, kept.encode())}, {}, observed({}, None).facts)
    assert state_then.intents == (Intent(DOCKER, Verb.RESTART, 3, ""),)


def test_an_unmanaged_runner_that_an_interrupted_run_has_stopped_is_started() -> None:
    intents = Intent(RUNNERS, Verb.RESTART, 3, "")
    made = plan(ask(DOCKER_TREE, None), stopped(observed(DOCKER_TREE, RUNNER, intents=(intents,))))
    assert [(action.service, action.verb) for action in made.actions] == [(RUNNERS, Verb.RESTART)]
    assert made.changes == ()


def test_an_unmanaged_runner_without_an_intent_stays_as_it_is() -> None:
    assert plan(ask(DOCKER_TREE, None), stopped(observed(DOCKER_TREE, RUNNER))).actions == ()


def test_an_intent_that_a_reboot_has_finished_is_removed_by_the_next_run() -> None:
    paid = Intent(DOCKER, Verb.RESTART, 3, "an-earlier-life"), Intent(RUNNERS, Verb.RESTART, 3, "an-earlier-life")
    made = plan(ask(DOCKER_TREE, None), replace(observed(DOCKER_TREE, RUNNER, intents=paid), applied={}))
    assert made.actions == ()
    assert [step.args for step in made.forward if step.verb == "complete"] == [("docker",), ("gitlab_runner",)]


def test_the_intent_of_an_unmanaged_service_is_kept() -> None:
    intents = Intent(DOCKER, Verb.RESTART, 3, "inv-1")
    made = plan(ask(None, RUNNER), replace(observed(DOCKER_TREE, RUNNER, intents=(intents,)), applied={}))
    assert made.actions == ()
    assert not [step for step in made.forward if step.verb == "complete"]
