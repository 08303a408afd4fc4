"""Runners that a deploy pauses in GitLab while their host drains, also if the deploy is interrupted meanwhile.

GitLab is a stand-in. The host keeps its records in a folder, with the commands that it is sent.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import cast

import pytest

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.pausing import Pauses
from runnerops.engine.gitlab.status import gitlab_checks
from runnerops.engine.options import Flags
from runnerops.engine.planner import plan_observed
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned
from runnerops.errors import GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.pausing import pause, unpause
from runnerops.model.common import Result
from runnerops.model.gitlab import PauseRecord
from runnerops.model.host_state import Hold, Run
from runnerops.model.run import Outcome
from runnerops.redact import Masker, Redactor
from runnerops.remote import state_folder
from runnerops.report.document import plan_document
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.status import status_document, status_lines
from runnerops.report.text import plan_lines
from runnerops.ssh.link import Link
from tests.integration.conftest import API
from tests.integration.gitlab_creating import REFUSED
from tests.integration.gitlab_pausing import FAULTS, SYSTEM, Cut, World, fixture_world
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.shell import until
from tests.unit.plan_builders import ORIGIN
from tests.unit.services import runner_builders as build

__all__ = ["fixture_world"]


pytestmark = pytest.mark.usefixtures("no_pauses", "no_http")


def lines(planned: Planned) -> list[str]:
    return [text for _, text in plan_lines(planned.plan, Masker(), ())]


# -- the calls -----------------------------------------------------------------------------------------------------------


def test_a_runner_is_paused_and_unpaused_and_keeps_its_jobs(gitlab: GitLab) -> None:
    client = GitlabClient(gitlab.url, API)
    runner = gitlab.runner("glrt-one")
    job = gitlab.start(token="glrt-one")
    job.state = "running"
    assert pause(client, runner.id)
    assert gitlab.runner("glrt-one").paused
    assert client.running_jobs(runner.id, "s_0123456789ab") == 1
    assert not pause(client, runner.id)  # somebody else's
    unpause(client, runner.id)
    assert not gitlab.runner("glrt-one").paused
    unpause(client, runner.id)
    gitlab.discard(runner)
    unpause(client, runner.id)


@pytest.mark.parametrize(("fault", "times"), FAULTS, ids=lambda value: str(getattr(value, "status", value)))
@pytest.mark.parametrize("paused", [True, False])
def test_it_is_done_where_no_error_says_otherwise(gitlab: GitLab, fault: Answer, times: int, paused: bool) -> None:
    client = GitlabClient(gitlab.url, API)
    runner = gitlab.runner("glrt-one")
    runner.paused = not paused
    gitlab.faults_at = {call: [fault] * times for call in ("PUT /runners", "GET /runners")}
    text = ""
    try:
        (pause if paused else unpause)(client, runner.id)
    except GitlabError as error:
        text = f"{error.message} {error.hint}"
    assert "canary" not in text
    assert text or runner.paused is paused or fault.status == 404


# -- a deploy that drains ------------------------------------------------------------------------------------------------


def test_the_runner_is_paused_while_its_host_drains_and_gets_jobs_again_after_it(world: World) -> None:
    seen: list[object] = []
    world.machine.while_it_runs = lambda: seen.extend((world.runner.paused, world.machine.on_record))
    outcome = world.deploy()
    assert outcome.result is Result.APPLIED
    assert "paused in GitLab meanwhile: one" in outcome.message
    assert seen == [True, (PauseRecord(1, 1, world.gitlab.url, "one"),)]
    assert world.settled()


@pytest.mark.parametrize("end", ["failed", "rolled-back", "interrupted", "shutdown"])
def test_it_gets_jobs_again_however_the_rollback_ends(world: World, end: str) -> None:
    world.machine.end = end
    assert world.deploy().result is not Result.APPLIED
    assert (world.runner.paused, world.machine.on_record) == (False, ())


@pytest.mark.parametrize(
    ("change", "paused"),
    [
        (lambda world: None, True),
        (lambda world: setattr(world, "port", 1), False),
        (lambda world: setattr(world, "settings", {}), False),
        (lambda world: setattr(world, "access", False), False),
        (lambda world: setattr(world, "flags", Flags({}, kill_jobs=True)), False),
        (lambda world: setattr(world, "flags", Flags({}, no_wait=True)), False),
        (lambda world: setattr(world.runner, "paused", True), False),
        (lambda world: world.gitlab.managers.update({SYSTEM: "online", "s_other": "offline"}), False),
        (lambda world: world.gitlab.managers.update({SYSTEM: "online", "s_other": "stale"}), True),
    ],
    ids=["drains", "in sync", "no settings", "no section", "kills", "does not wait", "paused", "shared", "was shared"],
)
def test_when_a_plan_pauses(world: World, change: Callable[[World], None], paused: bool) -> None:
    change(world)
    _, planned = world.plan()
    assert [pause_of_plan.runner for pause_of_plan in planned.plan.pausing.paused_now] == (["one"] if paused else [])
    assert {method for method, path in world.asked() if "verify" not in path} <= {"GET"}


@pytest.mark.parametrize("command", ["rollback", "remove"])
def test_nothing_but_a_deploy_pauses(world: World, command: str) -> None:
    assert not world.plan(command)[1].plan.pausing
    assert world.asked() == []


def test_a_deploy_without_a_drain_asks_no_more_than_before(world: World) -> None:
    world.port = 1
    world.plan()
    assert world.asked() == [("POST", "/runners/verify"), ("GET", "/runners/1")]
    world.settings = {}
    world.plan()
    assert world.asked() == []


def test_a_plan_shows_how_long_and_what_gitlab_counts(world: World) -> None:
    world.gitlab.start(token=build.TOKEN).state = "running"
    _, planned = world.plan()
    until_then = "until the run has ended well, or is rolled back"
    text = f"  → pause runner one in GitLab {until_then} · by GitLab's count 1 job runs on it · 0 jobs interrupted"
    assert text in lines(planned)
    document = plan_document(planned.plan, planned.result, Masker(), ())
    assert document["paused_in_gitlab"] == [{"runner": "one", "id": 1, "jobs": 1}]
    assert document["unpaused_in_gitlab"] == []
    (action,) = planned.plan.actions
    assert action.jobs_waited == 1  # the host's own count


def test_jobs_that_gitlab_does_not_count_are_the_hosts_to_count(world: World) -> None:
    world.gitlab.faults_at = {"GET /runners/1/jobs": [Answer(403, REFUSED)]}
    (pause_of_plan,) = world.plan()[1].plan.pausing.paused_now
    assert pause_of_plan.jobs is None


def test_to_a_saved_plan_it_is_no_difference(world: World) -> None:
    digests = Digests("", frozenset(), Redactor().text)
    saved = [saved_host(world.plan()[1].plan, (), "m", None, digests)]
    world.runner.paused = True
    saved.append(saved_host(world.plan()[1].plan, (), "m", None, digests))
    assert saved[0] == saved[1]


def test_a_pause_of_somebody_else_stays(world: World) -> None:
    project, planned = world.plan()
    world.runner.paused = True  # since the plan
    executor = world.executor(planned, project)
    executor.run()
    assert executor.outcomes["h"].result is Result.APPLIED
    assert world.runner.paused
    assert world.machine.on_record == ()


def test_the_record_of_another_client_stays(world: World) -> None:
    """Which has paused it since both made their plans, and may not see the end of its own run."""
    project, planned = world.plan()
    world.runner.paused = True
    world.machine.run(state_folder.write_pause_records([PauseRecord(1, 1, world.gitlab.url, "one")]), b"", 10)
    world.machine.end = "failed"
    world.executor(planned, project).run()
    assert world.runner.paused
    assert world.machine.on_record
    world.machine.end = "applied"
    world.deploy()
    assert world.settled()


@pytest.mark.parametrize(("end", "stays"), [("applied", True), ("rolled-back", False)])
def test_one_that_is_to_be_paused_stays_so_after_a_good_run_alone(world: World, end: str, stays: bool) -> None:
    world.settings = {"paused": True}
    world.machine.end = end
    world.deploy()
    assert (world.runner.paused, world.machine.on_record) == (stays, ())


# -- GitLab that refuses, or does not answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "times"), FAULTS, ids=lambda value: str(getattr(value, "status", value)))
@pytest.mark.parametrize(
    ("at", "end"),
    [("plan", "applied"), *product(("pause", "unpause"), ("applied", "rolled-back"))],
)
def test_whatever_gitlab_answers_the_run_goes_on_and_the_next_deploy_settles(
    world: World, fault: Answer, times: int, at: str, end: str
) -> None:
    def strike() -> None:
        world.gitlab.faults_at = {"PUT /runners": [fault] * times}

    world.machine.end = end
    if at == "plan":
        world.gitlab.faults_at = {"GET /runners/1/managers": [fault] * times}
    project, planned = world.plan()
    if at == "pause":
        strike()
    world.machine.while_it_runs = strike if at == "unpause" else world.gitlab.faults_at.clear
    executor = world.executor(planned, project)
    executor.run()
    outcome = executor.outcomes["h"]
    assert world.machine.runs == 1
    if end == "applied":
        assert outcome.result is Result.APPLIED or outcome.deployed
        assert outcome.result is Result.APPLIED or at == "unpause"
    else:
        assert outcome.result is Result.ROLLED_BACK
    assert "canary" not in repr(outcome)
    assert world.machine.on_record or not world.runner.paused
    world.gitlab.faults_at = {}
    world.machine.end, world.machine.while_it_runs = "applied", lambda: None
    world.deploy()
    assert world.settled()


@pytest.mark.parametrize("at", ["pause", "unpause"])
def test_one_that_answers_too_late_is_not_waited_for_and_the_next_deploy_settles(
    world: World, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It carries out what it was told when nobody waits any more."""
    project, planned = world.plan()
    monkeypatch.setattr("runnerops.gitlab.client.GitlabClient", partial(GitlabClient, seconds=1.0))
    world.gitlab.slow = 3.0 if at == "pause" else 0.0
    world.machine.while_it_runs = lambda: setattr(world.gitlab, "slow", 0.0 if at == "pause" else 3.0)
    executor = world.executor(planned, project)
    executor.run()
    outcome = executor.outcomes["h"]
    assert "within 1 s" in f"{outcome.message} {outcome.diagnostics}"
    assert outcome.result is Result.APPLIED or (outcome.deployed and at == "unpause")
    asked = world.gitlab.asked
    world.gitlab.slow = 0.0
    until("all is answered", lambda: len(world.gitlab.requests) >= asked, seconds=60)
    monkeypatch.undo()
    world.machine.while_it_runs = lambda: None
    world.deploy()
    assert world.settled()


def test_a_gitlab_that_is_down_is_a_note_and_the_deploy_drains(world: World) -> None:
    world.settings = {"tags": ("docker",)}
    world.gitlab.faults = [Answer(500)] * 9
    _, planned = world.plan()
    assert planned.ready
    assert not planned.plan.pausing
    (note,) = [note for note in planned.plan.notes if "is not paused in GitLab while it drains" in note]
    assert "GitLab answered with status 500" in note


def test_a_runner_that_stays_paused_is_told_and_fails_a_good_deploy(world: World) -> None:
    def down() -> None:
        world.gitlab.faults_at = {"PUT /runners": [Answer(429)] * 9}

    world.machine.while_it_runs = down
    outcome = world.deploy()
    assert (outcome.result, outcome.deployed) == (Result.FAILED, True)
    assert outcome.message.startswith("its files are deployed\n  still paused in GitLab: one")
    assert world.runner.paused
    world.gitlab.faults_at = {}
    planned = world.plan()[1]
    assert planned.result is Result.PENDING
    assert planned.plan.empty
    why = "run 1 paused it, and its client was gone at the end"
    assert f"  → unpause runner one in GitLab ({why}) · 0 jobs interrupted" in lines(planned)
    document = plan_document(planned.plan, planned.result, Masker(), ())
    assert document["unpaused_in_gitlab"] == [{"runner": "one", "id": 1, "run": 1}]
    assert "unpaused in GitLab: one" in world.deploy().message
    assert world.settled()


def test_a_host_that_keeps_no_record_has_nothing_paused(world: World) -> None:
    (world.machine.root / "var/lib").mkdir(parents=True)
    (world.machine.root / "var/lib/runnerops").write_text("in the way")
    outcome = world.deploy()
    assert outcome.result is Result.APPLIED
    assert "not paused in GitLab: one: the host could not record it" in outcome.message
    assert "PUT" not in {method for method, _ in world.asked()}


# -- whoever is cut off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["client killed", "needs-attention", "unreachable"])
def test_where_nobody_saw_the_end_the_next_deploy_unpauses(
    world: World, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runnerops.engine.runs.apply.RECONNECT_DELAYS_S", (0.0,))
    world.machine.end = end
    if end == "client killed":
        with pytest.raises(Cut):
            world.deploy()
    else:
        assert "still paused in GitLab: one" in world.deploy().message
    assert world.runner.paused
    world.machine.end = "applied"
    world.deploy()
    assert world.settled()


@pytest.mark.parametrize(("end", "unpaused"), [("applied", True), ("rolled-back", True), ("needs-attention", False)])
def test_who_follows_a_run_of_this_very_plan_unpauses_at_its_end(world: World, end: str, unpaused: bool) -> None:
    """Whoever began it is gone."""
    digest = world.plan()[1].plan.digest
    world.runner.paused = True
    world.machine.run(state_folder.write_pause_records([PauseRecord(1, 1, world.gitlab.url, "one")]), b"", 10)
    world.last = Run(1, ORIGIN, digest, "", running=True)
    world.machine.end = end
    project, planned = world.plan()
    assert planned.own_run
    executor = world.executor(planned, project)
    executor.run()
    assert executor.outcomes["h"].result.value == end
    assert (not world.runner.paused, not world.machine.on_record) == (unpaused, unpaused)


@pytest.mark.parametrize(("end", "paused"), [("failed", True), ("rolled-back", False), ("applied", False)])
def test_after_a_rollback_that_failed_a_run_that_changes_nothing_does_not_unpause(
    world: World, end: str, paused: bool
) -> None:
    world.machine.end = "needs-attention"
    world.deploy()
    world.machine.end = end
    assert ("still paused in GitLab: one" in world.deploy().message) is paused
    assert (world.runner.paused, bool(world.machine.on_record)) == (paused, paused)


@pytest.mark.parametrize("end", [Result.LOCKED, Result.REFUSED, Result.UNREACHABLE])
def test_what_an_earlier_run_left_paused_stays_so_where_nobody_had_the_host(world: World, end: Result) -> None:
    world.machine.end = "needs-attention"
    world.deploy()
    project, planned = world.plan()
    gitlab_context = GitlabContext(world.machine.root, {}, Redactor())
    Pauses(project.hosts[0], planned.plan, gitlab_context, lambda: cast(Link, world.machine)).after(Outcome("h", end))
    assert world.runner.paused
    assert world.machine.on_record


def test_a_runner_that_is_gone_by_then_leaves_no_record(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    world.gitlab.discard(world.runner)
    world.settings = {}
    world.machine.end = "applied"
    assert world.deploy().result is Result.APPLIED
    assert world.machine.on_record == ()


def test_without_a_section_a_deploy_says_what_an_earlier_one_left(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    world.access, world.settings = False, {}
    world.asked()
    _, planned = world.plan()
    assert planned.result is Result.UNCHANGED
    assert "run 1 paused runner one in GitLab" in " ".join(planned.plan.notes)
    assert world.asked() == []


def test_a_hold_counts_for_it_too(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    observed = replace(world.observed(), hold=Hold(0, "anna", "disk swap"))
    project, _ = world.plan()
    (host,) = project.hosts
    planning = PlanContext(project, Flags({}), ORIGIN, Redactor())
    planned = plan_observed(planning, host, project.rendered["h"], observed)
    assert [blocker.code for blocker in planned.plan.blockers] == ["held"]


def test_status_and_verify_say_which_run_paused_it(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    observed = world.observed()
    shown_lines = [text for _, text in status_lines("h", observed, ())]
    assert "  runner one is paused in GitLab by run 1, and was not unpaused: runnerops deploy h" in shown_lines
    record = {"runner": "one", "id": 1, "url": world.gitlab.url, "run": 1}
    assert status_document("h", observed, ())["paused_by_run"] == [record]
    project, _ = world.plan()
    gitlab_context = GitlabContext(world.machine.root, {}, Redactor())
    (check,) = gitlab_checks(project.hosts[0], observed, gitlab_context)
    assert (check.state, check.fix) == ("fail", "runnerops deploy h")
    assert "run 1 paused it in GitLab, and it was not unpaused" in check.reason
    observed = replace(observed, last=Run(1, ORIGIN, "", "", running=True))
    assert [check.state for check in gitlab_checks(project.hosts[0], observed, gitlab_context)] == ["pass"]
    shown_lines = [text for _, text in status_lines("h", observed, ())]
    assert (
        "  runner one is paused in GitLab by run 1, which is still going on; the client that began it unpauses the"
        " runner at its end" in shown_lines
    )
    assert "  hint: if that client is gone, `runnerops deploy h` does that after the run" in shown_lines


def test_who_interrupts_a_pause_is_told_and_the_next_deploy_unpauses(world: World) -> None:
    """GitLab carries it out all the same; a client that lives on for long enough unpauses it itself."""
    over = threading.Event()
    project, planned = world.plan()
    world.gitlab.asked, world.gitlab.slow = 0, 2.0

    def interrupt() -> None:
        until("asked", lambda: world.gitlab.asked > 0 or over.is_set(), seconds=30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    executor = world.executor(planned, project)
    try:
        executor.run()
    finally:
        over.set()
        thread.join()
    outcome = executor.outcomes["h"]
    assert (outcome.result, outcome.hint) == (Result.FAILED, "deploy again: what was paused is then unpaused")
    assert "nothing was changed on the host" in outcome.message
    world.gitlab.slow = 0.0
    request = ("PUT", "/api/v4/runners/1")
    until("unpaused", lambda: world.gitlab.requests.count(request) > 1 and not world.machine.on_record, seconds=60)
    assert world.machine.runs == 0
    assert not world.runner.paused
    world.deploy()
    assert world.settled()
