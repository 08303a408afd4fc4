"""Which runners leave an inventory that managed them in GitLab: the host's record, its file and the inventory decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runnerops.model.common import ABSENT
from runnerops.model.gitlab import GitlabAccess, Managed, Place
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services.gitlab_runner.format import PATH
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.reconcile.created import stand_in
from runnerops.services.gitlab_runner.reconcile.leaving import leaving_runners, managed_after
from tests.unit.services import runner_builders as build

URL = "https://gitlab.example.com"
ONE = build.runner(id=1)
TWO = build.runner(name="two", id=2, token=build.OTHER)
BARE = build.runner()
HOST = replace(build.HOST, gitlab=GitlabAccess(URL, "glpat-x"))
RECORD: Managed = {URL: {1: "one", 2: "two"}}


def host_with(*runners: dict[str, Any], record: Managed, before: tuple[dict[str, Any], ...] | None = None) -> HostState:
    """A host with these runners, whose last run left `before`, or the same."""
    base = {} if before == () else {PATH: to_toml({"runners": list(before or runners)}).encode()}
    return replace(build.observed({"runners": list(runners)}), base=base, in_gitlab=record)


def rendered_with(*runners: dict[str, Any]) -> tuple[RenderedFile, ...]:
    return (RenderedFile(build.SPEC, to_toml({"runners": list(runners)}).encode()),)


AWAITED = build.runner(name="two", token=stand_in("two"))
GONE = [(2, "two")]


@pytest.mark.parametrize(
    ("record", "has", "wanted", "pairs"),
    [
        (RECORD, (ONE, TWO), (ONE, TWO), []),
        (RECORD, (ONE, TWO), (ONE,), GONE),
        (RECORD, (ONE,), (ONE,), GONE),
        ({}, (ONE, TWO), (ONE,), []),
        ({URL: {1: "one"}}, (ONE, TWO), (ONE,), []),
        ({"https://other.example.com": {2: "two"}}, (ONE, TWO), (ONE,), []),
        (RECORD, (ONE, TWO), (ONE, {**TWO, "name": "renamed"}), []),
        (RECORD, (ONE, TWO), (ONE, {**TWO, "id": None, "token": "glrt-given-anew"}), []),
        (RECORD, (ONE,), (ONE, AWAITED), GONE),
        (RECORD, (ONE, {**TWO, "id": 0}), (ONE,), GONE),
        (RECORD, (ONE, {**TWO, "id": 0}), (ONE, {**TWO, "id": 0, "name": "renamed"}), []),
        (RECORD, (ONE, {**TWO, "url": "https://other.example.com"}), (ONE,), GONE),
        ({URL: {1: "one"}}, (BARE,), (), [(1, "one")]),
    ],
    ids=[
        "asked for",
        "asked for no more",
        "taken off before",
        "never managed",
        "not on record",
        "of another GitLab",
        "renamed",
        "given another token",
        "to be created anew",
        "without an id",
        "without an id and renamed",
        "moved to another GitLab",
        "the last",
    ],
)
def test_runners_that_a_deploy_would_delete_in_gitlab(
    record: Managed, has: tuple[dict[str, Any], ...], wanted: tuple[dict[str, Any], ...], pairs: list[tuple[int, str]]
) -> None:
    clean = [{key: value for key, value in runner.items() if value is not None} for runner in wanted]
    left = leaving_runners(HOST, rendered_with(*clean), host_with(*has, record=record))
    assert [(runner.id, runner.name) for runner in left] == pairs


def test_a_deploy_of_other_files_or_without_a_gitlab_leaves_the_record_as_it_is() -> None:
    state = host_with(ONE, record=RECORD)
    assert not leaving_runners(HOST, (), state)
    assert managed_after(HOST, (), state, {}, ()) == RECORD
    no_gitlab = replace(HOST, gitlab=None)
    assert not leaving_runners(no_gitlab, rendered_with(ONE), state)
    assert managed_after(no_gitlab, rendered_with(ONE), state, {}, ()) == RECORD


@pytest.mark.parametrize(
    ("has", "before", "agreed"),
    [((ONE,), (ONE,), True), ((ONE,), (ONE, TWO), False), ((ONE,), (), False), ((ONE, TWO), (ONE, TWO), False)],
    ids=["a run took it off", "somebody did by hand", "nobody can tell", "it is there"],
)
def test_a_confirmed_removal_of_a_runner_is_not_blocked_again(
    has: tuple[dict[str, Any], ...], before: tuple[dict[str, Any], ...], agreed: bool
) -> None:
    (left,) = leaving_runners(HOST, rendered_with(ONE), host_with(*has, record=RECORD, before=before))
    assert left.agreed is agreed


def managing(*names: str) -> Host:
    return replace(HOST, gitlab_settings={name: {} for name in names}, gitlab_places={"new": Place("group", 42)})


@pytest.mark.parametrize(
    ("host", "record", "has", "wanted", "told", "gone", "recorded"),
    [
        (managing("one"), {}, (ONE,), (ONE,), {}, (), {URL: {1: "one"}}),
        (managing("one"), {}, (BARE,), (BARE,), {"one": 5}, (), {URL: {5: "one"}}),
        (managing("one"), {URL: {5: "one"}}, (BARE,), (BARE,), {}, (), {URL: {5: "one"}}),
        (managing("one"), {}, (BARE,), (BARE,), {}, (), {}),
        (managing(), {URL: {1: "one"}}, (ONE,), (ONE,), {}, (), {}),
        (managing("one"), RECORD, (ONE, TWO), (ONE,), {}, (), RECORD),
        (managing("one"), RECORD, (ONE,), (ONE,), {}, (2,), {URL: {1: "one"}}),
        (managing("one"), {"https://o": {9: "x"}}, (ONE,), (ONE,), {}, (), {"https://o": {9: "x"}, URL: {1: "one"}}),
        (managing("new"), {}, (), (build.runner(name="new", token=stand_in("new")),), {}, (), {}),
    ],
    ids=[
        "by its id",
        "by what GitLab told",
        "as before",
        "not known",
        "managed no more",
        "to be deleted",
        "deleted",
        "of another GitLab",
        "not created yet",
    ],
)
def test_which_runners_a_host_has_on_record(
    host: Host,
    record: Managed,
    has: tuple[dict[str, Any], ...],
    wanted: tuple[dict[str, Any], ...],
    told: dict[str, int],
    gone: tuple[int, ...],
    recorded: Managed,
) -> None:
    assert managed_after(host, rendered_with(*wanted), host_with(*has, record=record), told, gone) == recorded


def test_what_a_removal_took_off_with_its_whole_file_was_agreed_to() -> None:
    state = replace(host_with(record=RECORD, before=()), files={}, applied={PATH: ABSENT})
    assert [runner.agreed for runner in leaving_runners(HOST, rendered_with(ONE), state)] == [True]
    edited = replace(state, applied={PATH: "0" * 64})
    assert [runner.agreed for runner in leaving_runners(HOST, rendered_with(ONE), edited)] == [False]
