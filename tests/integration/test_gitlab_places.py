"""A runner that the inventory asks for in another place of GitLab than it is in, and runners that must still be
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.status import ask_gitlab, pending_deletions
from runnerops.engine.options import Flags
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.places import elsewhere
from runnerops.model.common import Result
from runnerops.model.gitlab import Place
from runnerops.model.host_state import Run
from runnerops.redact import Redactor
from runnerops.report.status import status_document, status_lines
from tests.integration.conftest import API
from tests.integration.gitlab_creating import Cut, Machine, World
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.unit.plan_builders import ORIGIN

GROUP = {"id": 42, "name": "CI", "web_url": "https://gitlab.example.com/groups/Team/ci"}
PROJECTS = [
    {"id": 7, "name": "app", "path_with_namespace": "team/app"},
    {"id": 8, "name": "x", "path_with_namespace": "y/x"},
]


@pytest.mark.parametrize(
    ("kind", "of", "wanted", "there"),
    [
        ("group", [GROUP], Place("group", 42), ""),
        ("group", [GROUP], Place("group", "team/ci"), ""),
        ("group", [GROUP], Place("group", "old/name"), ""),  # by which GitLab finds it still
        ("group", [GROUP], Place("group", 43), "group CI (42)"),
        ("group", [GROUP], Place("group", "team/other"), "group CI (42)"),
        ("group", [GROUP], Place("project", 42), "group CI (42)"),
        ("group", [], Place("group", 43), ""),  # the token does not see which
        ("group", [], Place("instance"), "group"),
        ("project", PROJECTS, Place("project", 8), ""),
        ("project", PROJECTS, Place("project", "team/app"), ""),
        ("project", PROJECTS, Place("project", 9), "project team/app (7), y/x (8)"),
        ("instance", [], Place("instance"), ""),
        ("instance", [], Place("group", 42), "instance"),
        ("", [], Place("group", 42), ""),  # an old GitLab
    ],
)
def test_where_a_runner_is(gitlab: GitLab, kind: str, of: list[dict[str, Any]], wanted: Place, there: str) -> None:
    gitlab.paths |= {"groups/old/name": 42, "groups/team/other": 44}
    details = {"runner_type": f"{kind}_type", f"{kind}s": of} if kind else {}
    assert elsewhere(GitlabClient(gitlab.url, API), details, wanted) == there


def test_a_runner_whose_group_changes_in_the_inventory_blocks_with_the_way_out(gitlab: GitLab) -> None:
    world = World(gitlab, names=("one", "two"))
    assert world.deploy().result is Result.APPLIED
    world.place = Place("group", 43)
    blockers = world.plan()[1].plan.blockers
    assert [(blocker.code, blocker.details) for blocker in blockers] == [
        ("other-place", ("one",)),
        ("other-place", ("two",)),
    ]
    assert blockers[0].message.startswith("runner one is of group g42 (42) in GitLab, which cannot move a runner")
    assert world.deploy().result is Result.REFUSED
    stays = {"other-place": frozenset({""})}
    world.flags = Flags(stays)
    assert world.deploy().result is Result.UNCHANGED
    world.names, world.flags = ("two",), Flags({"drop-runner": frozenset({""}), **stays}, drain_s=0)
    world.deploy()
    world.names = ("one", "two")
    world.deploy()
    assert {runner.place for runner in gitlab.created} == {"groups/42", "groups/43"}
    assert world.agrees()


@pytest.mark.parametrize(
    ("command", "says"),
    [("deploy", "runnerops deploy h"), ("remove gitlab_runner", "runnerops remove h gitlab_runner")],
)
def test_status_tells_what_is_still_to_be_deleted_and_by_which_command(gitlab: GitLab, command: str, says: str) -> None:
    world = World(gitlab, names=("one", "two"), flags=Flags({"drop-runner": frozenset({""})}, drain_s=0))
    world.deploy()
    world.names, world.machine.end = ("one",), "client killed"
    host = world.plan()[0].hosts[0]
    assert not deletion_notes(world)
    with pytest.raises(Cut):
        world.deploy()
    observed = replace(world.observed(), last=Run(2, ORIGIN, "", "applied", running=False, command=command))
    (message,) = pending_deletions(host, observed, gitlab_context()).values()
    assert message == f"runner two (2) is off the host and still to be deleted in GitLab: {says}"
    assert f"  note: {message}" in [text for _, text in status_lines("h", observed, (), (message,))]
    assert status_document("h", observed, (), (message,))["notes"] == [message]
    gitlab.faults_at = {"GET /runners/2": [Answer(401)]}
    (message,) = pending_deletions(host, observed, gitlab_context()).values()
    assert message.startswith("whether runner two (2) is still to be deleted in GitLab is not known: ")
    world.machine.end = "applied"
    world.deploy()
    assert not deletion_notes(world)


def deletion_notes(world: World) -> Mapping[int, str]:
    return pending_deletions(world.plan()[0].hosts[0], world.observed(), gitlab_context())


def gitlab_context() -> GitlabContext:
    return GitlabContext(Path("/nowhere"), {}, Redactor())


def test_of_a_file_that_cannot_be_read_and_of_tokens_that_are_given_nothing_is_said(gitlab: GitLab) -> None:
    world = World(gitlab)
    world.deploy()
    world.machine.content = b"[[runners]\n"
    host = replace(world.plan()[0].hosts[0])
    assert pending_deletions(host, world.observed(), gitlab_context()) == {}
    world.machine.content = b""
    assert len(pending_deletions(host, world.observed(), gitlab_context())) == 1
    assert pending_deletions(replace(host, gitlab_places={}), world.observed(), gitlab_context()) == {}
    assert pending_deletions(replace(host, gitlab=None), world.observed(), gitlab_context()) == {}


def test_one_that_was_deleted_by_hand_is_told_and_the_next_deploy_creates_another(gitlab: GitLab) -> None:
    world = World(gitlab, names=("one", "two"))
    world.deploy()
    host = world.plan()[0].hosts[0]
    gitlab.discard(gitlab.created[0])
    status, two = ask_gitlab(host, world.observed(), gitlab_context())
    assert (status.is_known, two.is_known) == (False, True)
    assert "deploy, which creates another" in status.fix
    (other, _) = ask_gitlab(replace(host, gitlab_places={}), world.observed(), gitlab_context())
    assert "write its token into the inventory" in other.fix
    _, planned = world.plan()
    assert [each.runner for each in planned.plan.unpaired.creations] == ["one"]
    assert planned.plan.notes == ("runner one was deleted in GitLab: another one takes its place",)
    assert planned.plan.blockers == ()
    assert world.deploy().result is Result.APPLIED
    assert sorted(each.id for each in gitlab.created) == [2, 3]
    assert world.agrees()
    assert world.deploy().result is Result.UNCHANGED


@pytest.mark.parametrize("end", ["failed", "rolled-back"])
def test_where_its_run_fails_the_other_is_taken_off_again_and_the_next_deploy_creates_one(
    gitlab: GitLab, end: str
) -> None:
    world = World(gitlab)
    world.deploy()
    gitlab.discard(gitlab.created[0])
    world.machine.end = end
    assert "deleted again" in world.deploy().message
    assert gitlab.created == []
    world.machine.end = "applied"
    world.deploy()
    assert world.agrees()


def test_one_of_which_gitlab_takes_the_token_or_has_the_number_is_left_as_it_is(gitlab: GitLab) -> None:
    world = World(gitlab)
    world.deploy()
    gitlab.faults_at = {"GET /runners/1": [Answer(404, {"message": "404 Not found"})]}  # the API's token may not see it
    _, planned = world.plan()
    assert not planned.plan.unpaired.creations
    assert "could not be compared: GitLab has no runner 1" in " ".join(planned.plan.notes)
    gitlab.faults_at = {}
    gitlab.revoke(gitlab.created[0].token)  # it was reset there
    assert not world.plan()[1].plan.unpaired.creations
    gitlab.created[0].settings["tag_list"] = ["changed"]
    _, planned = world.plan()
    assert not planned.plan.unpaired.creations
    assert "or its token was reset" in " ".join(planned.plan.notes)
    world.machine.content = b"".join(
        line
        for line in (world.machine.content or b"").splitlines(keepends=True)
        if not line.strip().startswith(b"id =")
    )
    assert not world.plan()[1].plan.unpaired.creations  # without a number nobody can tell
    (status,) = ask_gitlab(world.plan()[0].hosts[0], world.observed(), gitlab_context())
    assert "write its token into the inventory" in status.fix


def test_status_tells_of_one_whose_creation_was_cut_off(gitlab: GitLab) -> None:
    world = World(gitlab, Machine(end="client killed"))
    with pytest.raises(Cut):
        world.deploy()
    host = world.plan()[0].hosts[0]
    (status,) = ask_gitlab(host, world.observed(), gitlab_context())
    assert (status.is_known, status.fix) == (True, "deploy its host, which completes or deletes it")
    assert "as not deployed yet" in status.reason
    world.machine.end = "applied"
    world.deploy()
    (status,) = ask_gitlab(host, world.observed(), gitlab_context())
    assert status.reason == ""
