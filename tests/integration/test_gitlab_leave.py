"""Runners that leave the inventory are removed from the host and deleted in GitLab, or it is said why not.

GitLab is a stand-in; the host is that of `test_gitlab_create.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from runnerops.engine.gitlab.after_run import interrupted
from runnerops.engine.options import Flags
from runnerops.model.common import Result, Secret, SourceLocation, Tree
from runnerops.model.host_state import SecretFingerprints, fingerprint
from runnerops.model.inventory import CiJob, Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome
from runnerops.model.steps import Step
from runnerops.redact import Masker, Redactor
from runnerops.report.document import plan_document
from runnerops.report.plan_differences import differences
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.text import plan_lines
from tests.integration.conftest import API
from tests.integration.gitlab_creating import FAULTS, REFUSED, Cut, World
from tests.lab.gitlab import GitLab, Job
from tests.lab.gitlab_api import Answer
from tests.unit.plan_builders import ORIGIN
from tests.unit.services import runner_builders as build

ALLOWED = Flags({"drop-runner": frozenset({""})}, drain_s=0)
MINE = "s_0123456789ab"


@pytest.fixture(autouse=True)
def _fixture_hasty(monkeypatch: pytest.MonkeyPatch, no_pauses: None, no_http: None) -> None:  # noqa: ARG001
    monkeypatch.setattr("runnerops.engine.gitlab.deletions.POLL_SECONDS", 0.01)


@pytest.fixture(name="world")
def fixture_world(gitlab: GitLab) -> World:
    """Runners `one` and `two` are there; the inventory asks for `one` alone from now on, and it is allowed that `two` goes."""
    world = World(gitlab, names=("one", "two"), flags=ALLOWED)
    assert world.deploy().result is Result.APPLIED
    gitlab.managers |= {MINE: "online"}
    world.names = ("one",)
    return world


def codes(world: World) -> list[str]:
    return [blocker.code for blocker in world.plan()[1].plan.blockers]


def test_it_is_deleted_once_its_host_is_without_it(gitlab: GitLab, world: World) -> None:
    assert "deleted in GitLab: runner two (2)" in world.deploy().message
    assert world.agrees()
    assert world.deploy().result is Result.UNCHANGED  # the host's record of it goes now
    gitlab.requests.clear()
    assert world.deploy().result is Result.UNCHANGED
    assert [path for _, path in gitlab.requests if path.endswith("/runners/2")] == []


def test_the_plan_shows_it_and_it_takes_a_word(gitlab: GitLab, world: World) -> None:
    world.flags = Flags({})
    _, planned = world.plan()
    lines = [text for _, text in plan_lines(planned.plan, Masker(), ())]
    assert (
        "  → delete runner two (2) in GitLab (paused first, deleted after its last job) · 0 jobs interrupted" in lines
    )
    assert [blocker.details for blocker in planned.plan.blockers] == [("two",), ("two",)]
    assert {blocker.code for blocker in planned.plan.blockers} == {"drop-runner"}
    document = plan_document(planned.plan, planned.result, Masker(), ())
    assert (document["deleted_in_gitlab"], document["leaving_gitlab"]) == ([2], [{"runner": "two", "id": 2}])
    assert world.deploy().result is Result.REFUSED
    assert len(gitlab.created) == 2


@pytest.mark.parametrize(
    ("number", "own", "blocked"), [(2, True, True), (1, True, False), (2, False, False), (0, True, False)]
)
def test_a_job_does_not_delete_its_own_runner(
    gitlab: GitLab, world: World, number: int, own: bool, blocked: bool
) -> None:
    url = f"{gitlab.url}/" if own else "https://other.example.com"
    world.flags = replace(ALLOWED, job=CiJob("7", url, number))
    assert codes(world) == (["self-deploy"] if blocked else [])


def test_a_saved_plan_has_it(world: World) -> None:
    saved = saved_host(world.plan()[1].plan, (), "m", None, Digests("", frozenset(), Redactor().text))
    assert saved.deletions == (2,)
    without = replace(saved, deletions=())
    assert differences(saved, without, None) == ("runner 2: would not be deleted in GitLab any more",)
    assert differences(without, saved, None) == ("runner 2: would be deleted in GitLab too",)


def test_one_that_was_never_managed_in_gitlab_is_left_there(gitlab: GitLab, world: World) -> None:
    world.machine.managed = {}
    outcome = world.deploy()
    assert outcome.result is Result.APPLIED
    assert "deleted" not in outcome.message
    assert [runner.id for runner in gitlab.created] == [1, 2]


def test_its_jobs_are_waited_for(gitlab: GitLab, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = running(gitlab)
    outcome = world.deploy()
    assert "1 job of it runs there, and it is paused" in " ".join(outcome.diagnostics)
    assert (outcome.result, outcome.deployed) == (Result.FAILED, True)
    assert len(gitlab.created) == 2
    world.flags = replace(ALLOWED, drain_s=600)
    assert "1 job of it" in " ".join(world.deploy(no_wait=True).diagnostics)
    monkeypatch.setattr("runnerops.engine.gitlab.deletions.time.sleep", lambda _: setattr(job, "state", "success"))
    world.deploy()
    assert world.agrees()


@pytest.mark.parametrize("after", ["a rollback", "it was deleted"])
def test_one_that_could_not_be_deleted_yet_is_paused_on_record_and_gets_jobs_once_it_is_back(
    gitlab: GitLab, world: World, after: str
) -> None:
    before = world.machine.content
    job = running(gitlab)
    assert world.deploy().result is Result.FAILED
    assert gitlab.created[1].paused
    assert world.machine.paused.keys() == {2}
    job.state = "success"
    if after == "a rollback":  # and the inventory is reverted
        world.machine.content = world.machine.before = before
        world.names = ("one", "two")
    assert world.deploy().result is Result.APPLIED
    assert not any(runner.paused for runner in gitlab.created)
    assert not world.machine.paused
    assert world.agrees()


def test_of_two_that_leave_the_one_that_is_gone_is_on_record_no_more(gitlab: GitLab) -> None:
    world = World(gitlab, names=("one", "two", "three"), flags=ALLOWED)
    world.deploy()
    job, world.names = running(gitlab), ("one",)
    assert "runner two (2) is still in GitLab" in " ".join(world.deploy().diagnostics)
    assert [runner.id for runner in gitlab.created] == [1, 2]
    assert world.machine.paused.keys() == {2}
    job.state = "success"
    world.deploy()
    assert world.agrees()
    assert not world.machine.paused


def running(gitlab: GitLab) -> Job:
    """A job that runs on `two`."""
    (two,) = [runner for runner in gitlab.created if runner.id == 2]
    job = gitlab.start(token=two.token)
    job.state = "running"
    return job


@pytest.mark.parametrize("end", ["failed", "rolled-back", "interrupted", "unreachable"])
@pytest.mark.parametrize("paused", [False, True], ids=["", "paused by somebody"])
def test_a_run_that_fails_leaves_it_as_it_was(gitlab: GitLab, world: World, end: str, paused: bool) -> None:
    gitlab.created[1].paused = paused
    gitlab.requests.clear()
    world.machine.end = end
    assert world.deploy().result is not Result.APPLIED
    bodies = [body for method, body in gitlab.requests if method == "PUT"]
    assert bool(bodies) is (not paused and end != "unreachable")  # what no record can be kept of is not paused
    assert [(runner.id, runner.paused) for runner in gitlab.created] == [(1, False), (2, paused)]
    world.machine.end = "applied"
    world.deploy()
    assert world.agrees()


def test_it_is_given_no_job_while_the_host_is_changed(gitlab: GitLab, world: World) -> None:
    world.machine.while_it_runs = lambda: paused.append(gitlab.created[1].paused)
    paused: list[bool] = []
    world.deploy()
    assert paused == [True]
    assert not world.machine.paused


@pytest.mark.parametrize("names", [("one",), ("one", "two")], ids=["gone still", "back again"])
def test_one_that_a_client_had_paused_when_it_was_killed_is_settled(
    gitlab: GitLab, world: World, names: tuple[str, ...]
) -> None:
    world.machine.end = "killed before"
    with pytest.raises(Cut):
        world.deploy()
    assert gitlab.created[1].paused
    assert world.machine.paused.keys() == {2}
    world.machine.end, world.names = "applied", names
    world.deploy()
    assert world.agrees()
    assert [runner.paused for runner in gitlab.created] == [False] * len(names)
    assert not world.machine.paused


def test_a_client_that_is_killed_after_the_run_leaves_a_record_by_which_the_next_deploy_ends_it(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    world.machine.end, world.flags = "applied", Flags({})  # nobody is asked once more
    lines = [text for _, text in plan_lines(world.plan()[1].plan, Masker(), ())]
    assert any("delete runner two (2) in GitLab (it is not on the host any more)" in text for text in lines)
    world.deploy()
    assert world.agrees()


def test_one_that_comes_back_into_the_inventory_meanwhile_is_created_anew(gitlab: GitLab, world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    world.machine.end, world.names = "applied", ("one", "two")
    world.deploy()
    assert world.agrees()
    assert [runner.id for runner in gitlab.created] == [1, 3]


def test_one_that_somebody_took_off_by_hand_takes_a_word(world: World) -> None:
    world.machine.content = b"\n[[runners]]".join((world.machine.content or b"").split(b"\n[[runners]]")[:2])
    world.flags = Flags({})
    assert codes(world) == ["drop-runner"]
    world.flags = ALLOWED
    world.deploy()
    assert world.agrees()


@pytest.mark.parametrize("status", ["online", "offline", "never_contacted"])
def test_one_that_other_machines_use_stays(gitlab: GitLab, world: World, status: str) -> None:
    gitlab.managers |= {"r_another00000": status, "r_gone00000000": "stale"}
    _, planned = world.plan()
    note = "runner two (2) is not deleted in GitLab: other machines use it too (r_another00000); delete it there when none does"
    assert note in planned.plan.notes
    assert world.deploy().result is Result.APPLIED
    assert len(gitlab.created) == 2
    assert world.deploy().result is Result.UNCHANGED
    assert not world.plan()[1].plan.unpaired.deletions


def test_one_that_another_machine_takes_up_meanwhile_stays(gitlab: GitLab, world: World) -> None:
    gitlab.faults_at = {"GET /runners/2/managers": [Answer(200, [{"system_id": MINE, "status": "online"}])]}
    gitlab.managers |= {"r_another00000": "online"}
    outcome = world.deploy()
    assert "other machines use it since the plan was made" in " ".join(outcome.diagnostics)
    world.deploy()
    assert [runner.paused for runner in gitlab.created] == [False, False]
    assert not world.machine.paused


def test_one_whose_token_another_host_of_the_inventory_has_stays(gitlab: GitLab, world: World) -> None:
    moved: Tree = {"name": "moved", "token": Secret("env", "TWO", SourceLocation("i.yml", 1, 1))}
    section: Tree = {"runners": [moved]}
    world.others = (Host("b", "b", sections={build.SPEC.service: section}),)
    assert "it is not known whether b has its token" in " ".join(world.plan()[1].plan.notes)
    (two,) = [runner for runner in gitlab.created if runner.id == 2]
    world.machine.environ["TWO"] = two.token
    world.environ = world.machine.environ
    assert "runner two (2) is not deleted in GitLab: b has its token" in world.plan()[1].plan.notes


def test_one_that_moved_stays_though_the_host_is_without_its_token_by_now(gitlab: GitLab, world: World) -> None:
    """Nobody could tell when a run took it off: GitLab did not answer, or the other host's secret was not there."""
    (two,) = [runner for runner in gitlab.created if runner.id == 2]
    world.given = SecretFingerprints("ab", {f"two {gitlab.url}": fingerprint("ab", two.token)})
    moved: Tree = {"name": "moved", "token": Secret("env", "TWO", SourceLocation("i.yml", 1, 1))}
    world.others = (Host("b", "b", sections={build.SPEC.service: {"runners": [moved]}}),)
    assert world.deploy().result is Result.APPLIED
    assert len(world.machine.runners) == 1
    assert "it is not known whether b has its token" in " ".join(world.plan()[1].plan.notes)
    world.environ = {"TWO": two.token}
    assert "runner two (2) is not deleted in GitLab: b has its token" in world.plan()[1].plan.notes
    gitlab.faults_at = {"GET /runners/2": [Answer(500)] * 9}
    assert "runner two (2) is not deleted in GitLab: b has its token" in world.plan()[1].plan.notes
    assert len(gitlab.created) == 2


def test_one_whose_token_on_the_host_is_of_another_stays(gitlab: GitLab, world: World) -> None:
    (two,) = [runner for runner in gitlab.created if runner.id == 2]
    other = gitlab.runner("glrt-edited-by-hand-beside-an-id")
    world.machine.content = (world.machine.content or b"").replace(two.token.encode(), other.token.encode())
    note = f"its host has the token of runner {other.id}; delete the one there that nobody uses"
    assert f"runner two (2) is not deleted in GitLab: {note}" in world.plan()[1].plan.notes
    assert world.deploy().result is Result.APPLIED
    assert len(gitlab.created) == 2


FAULTY = [
    *(("GET /runners/2", end) for end in ("applied", "rolled-back")),
    *(("PUT /runners/2", end) for end in ("applied", "rolled-back")),
    *((f"GET /runners/2/{what}", "applied") for what in ("managers", "jobs")),
    ("DELETE /runners/2", "applied"),
]
"""Calls, and how the host's run ends meanwhile."""


@pytest.mark.parametrize(("fault", "times"), FAULTS, ids=lambda value: str(getattr(value, "status", value)))
@pytest.mark.parametrize(("call", "end"), FAULTY)
def test_whatever_gitlab_answers_the_next_deploy_makes_both_agree(
    gitlab: GitLab, world: World, fault: Answer, times: int, call: str, end: str
) -> None:
    if (fault.status, call) == (404, "GET /runners/2"):
        fault = Answer(404, "<html>")  # GitLab itself says so of what is gone alone
    world.machine.end = end
    gitlab.faults_at = {call: [fault] * times}
    outcome = world.deploy()
    if len(gitlab.created) == 2:
        texts = (outcome.message, *outcome.diagnostics, *world.notes)
        assert end != "applied" or any("two" in text or "runner 2" in text for text in texts), texts
    gitlab.faults_at = {}
    world.machine.end = "applied"
    world.deploy()
    assert world.agrees(), [(runner.id, runner.paused) for runner in gitlab.created]
    world.deploy()
    assert not world.machine.paused


@pytest.mark.parametrize(
    ("command", "empty", "says"),
    [
        ("deploy", False, ("its files are deployed;", "the next deploy", "deploy again")),
        ("deploy", True, ("its files were in sync;", "the next deploy", "deploy again")),
        ("remove gitlab_runner", False, ("its files are off the host;", "the next removal", "remove it again")),
    ],
)
def test_what_is_cut_off_is_reported_with_the_command_that_goes_on(
    command: str, empty: bool, says: Sequence[str]
) -> None:
    forward = () if empty else (Step("phase", ("one",)),)
    outcome = interrupted(Plan("h", 1, ORIGIN, forward=forward, command=command), Outcome("h", Result.APPLIED))
    assert outcome.result is Result.FAILED
    assert all(text in f"{outcome.message} {outcome.hint}" for text in says)


def test_what_the_token_may_not_do_is_reported(gitlab: GitLab, world: World) -> None:
    gitlab.faults_at = {"DELETE /runners": [Answer(403, REFUSED)]}
    outcome = world.deploy()
    assert "told to delete runner 2: the API token is not allowed to do that" in " ".join(outcome.diagnostics)
    assert "`manage_runner`" in outcome.hint
    assert API not in repr(outcome)


def test_a_rollback_does_not_bring_back_what_is_gone(world: World) -> None:
    before = world.machine.content
    world.deploy()
    assert world.agrees()
    _, planned = world.plan("rollback to run 1", content=before)
    assert [blocker.code for blocker in planned.plan.blockers] == ["unknown-token"]
    assert "put the runner into the inventory, and deploy" in planned.plan.blockers[0].message
