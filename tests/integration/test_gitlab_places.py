"""A runner that the inventory asks for in another place of GitLab than it is in, and what is still to be deleted there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runnerops.engine.due import due_deletions
from runnerops.engine.gitlab import Asking, ask_gitlab
from runnerops.engine.options import Flags
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.places import elsewhere
from runnerops.model.common import Result
from runnerops.model.gitlab import Place
from runnerops.model.host_state import Run
from runnerops.redact import Redactor
from runnerops.report.status import status_document, status_lines
from tests.integration.test_gitlab_create import API, Cut, World, fixture_gitlab
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.unit.test_plan import ORIGIN

__all__ = ["fixture_gitlab"]
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
    assert [(one.code, one.details) for one in blockers] == [("other-place", ("one",)), ("other-place", ("two",))]
    assert blockers[0].message.startswith("runner one is of group g42 (42) in GitLab, which moves no runner")
    assert world.deploy().result is Result.REFUSED
    stays = {"other-place": frozenset({""})}
    world.flags = Flags(stays)
    assert world.deploy().result is Result.UNCHANGED
    world.names, world.flags = ("two",), Flags({"drop-runner": frozenset({""}), **stays}, drain_s=0)
    world.deploy()
    world.names = ("one", "two")
    world.deploy()
    assert {one.place for one in gitlab.created} == {"groups/42", "groups/43"}
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
    assert not told(world)
    with pytest.raises(Cut):
        world.deploy()
    observed = replace(world.observed(), last=Run(2, ORIGIN, "", "applied", running=False, command=command))
    (said,) = due_deletions(host, observed, asking()).values()
    assert said == f"runner two (2) is off the host and still to be deleted in GitLab: {says}"
    assert f"  note: {said}" in [text for _, text in status_lines("h", observed, (), (said,))]
    assert status_document("h", observed, (), (said,))["notes"] == [said]
    gitlab.faults_at = {"GET /runners/2": [Answer(401)]}
    (said,) = due_deletions(host, observed, asking()).values()
    assert said.startswith("whether runner two (2) is still to be deleted in GitLab is not known: ")
    world.machine.end = "applied"
    world.deploy()
    assert not told(world)


def told(world: World) -> Mapping[int, str]:
    return due_deletions(world.plan()[0].hosts[0], world.observed(), asking())


def asking() -> Asking:
    return Asking(Path("/nowhere"), {}, Redactor())


def test_of_a_file_that_cannot_be_read_and_of_tokens_that_are_given_nothing_is_said(gitlab: GitLab) -> None:
    world = World(gitlab)
    world.deploy()
    world.machine.content = b"[[runners]\n"
    host = replace(world.plan()[0].hosts[0])
    assert due_deletions(host, world.observed(), asking()) == {}
    world.machine.content = b""
    assert len(due_deletions(host, world.observed(), asking())) == 1
    assert due_deletions(replace(host, gitlab_places={}), world.observed(), asking()) == {}
    assert due_deletions(replace(host, gitlab=None), world.observed(), asking()) == {}


def test_one_that_was_deleted_by_hand_is_told_with_a_way_to_another(gitlab: GitLab) -> None:
    """A token cannot be given for a runner that deploys create."""
    world = World(gitlab)
    world.deploy()
    host = world.plan()[0].hosts[0]
    gitlab.discard(gitlab.created[0])
    (note,) = [one for one in world.plan()[1].plan.notes if "could not be compared" in one]
    (one,) = ask_gitlab(host, world.observed(), asking())
    assert one.known is False
    for text in (note, one.fix):
        assert "take its entry out of the inventory and deploy (--allow drop-runner), then put it in again" in text
    (one,) = ask_gitlab(replace(host, gitlab_places={}), world.observed(), asking())
    assert "give it in the inventory" in one.fix
