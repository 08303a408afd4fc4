"""Runners that a deploy creates in GitLab: how they are planned, created, brought to the host, deleted again, and found
after an interruption.

GitLab is a stand-in. The host is one that accepts the folder of a run and keeps the file in it.
"""

from __future__ import annotations

import os
import signal
import threading
from itertools import product
from typing import cast

import pytest

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.runs.executor import HostExecutor
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait
from runnerops.engine.runs.round_context import RoundContext
from runnerops.model.common import Result
from runnerops.model.gitlab import Place
from runnerops.redact import Masker, Redactor
from runnerops.report.document import plan_document
from runnerops.report.progress.show import Show
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.screen import Screen
from runnerops.report.text import plan_lines
from tests.integration.gitlab_creating import FAULTS, REFUSED, Cut, Machine, World
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.gitlab_managed import Runner
from tests.lab.shell import until
from tests.unit.executor_doubles import Quiet

pytestmark = pytest.mark.usefixtures("no_pauses", "no_http")


def test_a_runner_is_created_with_its_settings_and_its_token_goes_to_the_host_alone(gitlab: GitLab) -> None:
    world = World(gitlab)
    outcome = world.deploy()
    assert outcome.result is Result.APPLIED
    assert "created in GitLab: one" in outcome.message
    (made,) = gitlab.created
    (created,) = world.machine.runners
    assert (created["name"], created["token"], created["id"]) == ("one", made.token, made.id)
    assert created["token_expires_at"].year == 1
    assert made.place == "groups/42"
    assert made.settings["description"] == "docker on h"
    assert sorted(made.settings["tag_list"]) == ["docker", "linux"]
    assert world.agrees()
    assert made.token not in world.said.getvalue()


@pytest.mark.parametrize(
    ("place", "where"),
    [
        (Place("group", "team/ci"), "groups/7"),
        (Place("project", 9), "projects/9"),
        (Place("project", "team/app"), "projects/8"),
        (Place("instance"), "instance"),
    ],
    ids=str,
)
def test_it_is_created_where_the_inventory_says(gitlab: GitLab, place: Place, where: str) -> None:
    gitlab.paths |= {"groups/team/ci": 7, "projects/team/app": 8}
    world = World(gitlab, place=place)
    assert world.deploy().result is Result.APPLIED
    assert [runner.place for runner in gitlab.created] == [where]
    assert world.agrees()


def test_a_plan_creates_nothing_and_shows_what_would_be(gitlab: GitLab) -> None:
    _, planned = World(gitlab).plan()
    assert {method for method, _ in gitlab.requests} == {"GET"}
    assert planned.result is Result.PENDING
    lines = [text for _, text in plan_lines(planned.plan, Masker(), ())]
    at = lines.index("  → create runner one in GitLab (group 42) · 0 jobs interrupted")
    assert lines[at + 1 : at + 3] == ['      + description: "docker on h"', '      + tags: ["docker", "linux"]']
    document = plan_document(planned.plan, planned.result, Masker(), ())
    settings = {"description": "docker on h", "tags": ["docker", "linux"], "run_untagged": False}
    assert document["created_in_gitlab"] == [{"runner": "one", "place": "group 42", "settings": settings}]


def test_a_plan_made_anew_is_the_one_that_was_saved(gitlab: GitLab) -> None:
    digests = Digests("", frozenset(), Redactor().text)
    saved = [saved_host(World(gitlab).plan()[1].plan, (), "m", None, digests) for _ in range(2)]
    assert saved[0] == saved[1]
    (creation,) = saved[0].creations
    assert (creation.runner, creation.place) == ("one", "group 42")


@pytest.mark.parametrize("command", ["rollback", "remove"])
def test_nothing_but_a_deploy_creates(gitlab: GitLab, command: str) -> None:
    _, planned = World(gitlab).plan(command)
    assert not planned.plan.unpaired.creations
    assert [blocker.code for blocker in planned.plan.blockers] == ["no-token"]
    assert gitlab.requests == []


@pytest.mark.parametrize("end", ["failed", "rolled-back", "interrupted", "shutdown", "unreachable"])
def test_a_run_that_fails_takes_the_runner_off_again(gitlab: GitLab, end: str) -> None:
    world = World(gitlab, Machine(end=end))
    outcome = world.deploy()
    assert outcome.result is not Result.APPLIED
    assert ("deleted again" in outcome.message) is (
        end != "unreachable"
    )  # there nothing is created, for no record is kept
    assert gitlab.created == []
    world.machine.end = "applied"
    world.deploy()
    assert world.agrees()


def test_a_run_that_nobody_saw_the_end_of_leaves_it_and_the_next_deploy_settles(gitlab: GitLab) -> None:
    world = World(gitlab, Machine(end="needs-attention"))
    outcome = world.deploy()
    assert "one (1); the next deploy completes or deletes them" in outcome.message
    (made,) = gitlab.created
    assert "not deployed yet" in made.settings["description"]
    world.machine.end = "applied"
    _, planned = world.plan()
    assert [leftover.id for leftover in planned.plan.unpaired.leftovers] == [made.id]
    world.deploy()
    assert world.agrees()


def test_a_client_that_is_killed_after_the_run_leaves_a_runner_that_works(gitlab: GitLab) -> None:
    """And what an earlier one had left goes with the mark."""
    world = World(gitlab, Machine(end="needs-attention"))
    world.deploy()
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    assert len(gitlab.created) == 2
    (created,) = world.machine.runners
    world.machine.end = "applied"
    _, planned = world.plan()
    assert not planned.plan.unpaired.creations
    assert [leftover.id for leftover in planned.plan.unpaired.leftovers] == [1]
    assert world.deploy().result is Result.APPLIED
    assert [runner.token for runner in gitlab.created] == [created["token"]]
    assert world.agrees()


@pytest.mark.parametrize(("fault", "times"), FAULTS, ids=lambda value: str(getattr(value, "status", value)))
@pytest.mark.parametrize(
    ("call", "end"),
    [
        *product(("POST /user/runners", "GET /groups", "DELETE /runners"), ("applied", "failed")),
        *(("GET /runners", "applied"), ("PUT /runners", "applied")),
    ],
)
def test_whatever_gitlab_answers_the_next_deploy_makes_both_agree(
    gitlab: GitLab, fault: Answer, times: int, call: str, end: str
) -> None:
    world = World(gitlab, Machine(end="needs-attention"), names=("one", "two"))
    world.deploy()  # two are left behind
    world.machine.end = end
    gitlab.faults_at = {call: [fault] * times}
    outcome = world.deploy()
    assert outcome.result in {Result.APPLIED, Result.FAILED, Result.REFUSED}
    if outcome.result is not Result.APPLIED:
        assert outcome.message
    gitlab.faults_at = {}
    world.machine.end = "applied"
    world.deploy()
    assert world.agrees(), [runner.settings for runner in gitlab.created]


def test_what_the_token_may_not_do_is_named_before_and_leaves_the_host_alone(gitlab: GitLab) -> None:
    world = World(gitlab)
    for call, scope in (("POST /user/runners", "`create_runner`"), ("GET /groups", "`read_api`")):
        gitlab.faults_at = {call: [Answer(403, REFUSED)] * 3}
        outcome = world.deploy()
        text = f"{outcome.message} {outcome.hint} {' '.join(blocker.message for blocker in outcome.blockers)}"
        assert scope in text
        assert world.machine.seen == []
        gitlab.faults_at = {}
        for runner in list(gitlab.created):
            gitlab.discard(runner)


def test_a_creation_that_gitlab_carries_out_late_is_deleted_by_the_next_deploy(gitlab: GitLab) -> None:
    world = World(gitlab)
    gitlab.faults_at = {"POST /user/runners": [Answer(500)], "GET /groups": [Answer(200, [])] * 2}
    assert world.deploy().result is Result.FAILED
    assert len(gitlab.created) == 1  # it was not there yet when it was looked for
    gitlab.faults_at = {}
    world.deploy()
    assert world.agrees()


def test_what_others_have_there_is_left_alone(gitlab: GitLab) -> None:
    world = World(gitlab, Machine(end="needs-attention"))
    world.deploy()
    (mine,) = gitlab.created
    others = [
        copy(gitlab, mine, "docker on h"),
        copy(gitlab, mine, mine.settings["description"].replace("runnerops ", "runnerops f")),
    ]
    world.machine.end = "applied"
    world.deploy()
    kept = {runner.id for runner in gitlab.created}
    assert {runner.id for runner in others} < kept
    assert mine.id not in kept


def copy(gitlab: GitLab, runner: Runner, description: str) -> Runner:
    """Another runner in the same place."""
    made = gitlab.runner(f"glrt-other-{description[:12]}-{len(description)}")
    made.place, made.settings = runner.place, {**runner.settings, "description": description}
    return made


def test_who_interrupts_a_creation_is_told_that_no_run_began_and_the_next_deploy_settles(gitlab: GitLab) -> None:
    """GitLab creates it all the same; a client that lives on for long enough takes it back itself."""
    world, over = World(gitlab), threading.Event()
    project, planned = world.plan()
    gitlab.requests.clear()
    gitlab.asked, gitlab.slow = 0, 2.0

    def interrupt() -> None:
        until("asked", lambda: gitlab.asked > 0 or over.is_set(), seconds=30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    runs, show = ActiveRuns(), cast(Show, Quiet())
    screen = Screen(out=world.said, err=world.said, redactor=Redactor())
    pool, plans = cast(ConnectionPool, world.machine), {"h": planned}
    context = RoundContext(project, pool, screen, show, LockWait(0, screen), runs)
    executor = HostExecutor(context, plans, {"h": planned.plan})
    try:
        executor.run()
    finally:
        over.set()
        thread.join()
    outcome = executor.outcomes["h"]
    assert runs.interrupted
    assert runs.unfollowed == ()
    assert (outcome.result, outcome.hint) == (Result.FAILED, "deploy again: what was created is then deleted")
    assert "nothing was changed on the host" in outcome.message
    assert "continues by itself" not in world.said.getvalue()
    gitlab.slow = 0.0
    until("taken back", lambda: ("DELETE", "/api/v4/runners/1") in gitlab.requests, seconds=60)
    assert world.machine.seen == []
    world.deploy()
    assert world.agrees()
