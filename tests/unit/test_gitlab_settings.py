"""Settings of runners in GitLab as a part of a plan: when two are equal, how a difference is shown, and saved plans."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from gitlab.v4.objects import CurrentUserRunnerManager, RunnerAllManager, RunnerManager

from runnerops.engine.plans.planned import Planned
from runnerops.engine.plans.request import plan_request
from runnerops.engine.plans.review import plans_summary
from runnerops.engine.saved_plan import block_stale_plans
from runnerops.gitlab.settings import differing, settings_of
from runnerops.model.common import Result
from runnerops.model.gitlab import SETTINGS, Setting, SettingChange, SettingsUpdate
from runnerops.model.host_state import Hold
from runnerops.model.plan import Plan
from runnerops.model.saved_plan import SavedHost, SavedPlan
from runnerops.planning.plan import Request
from runnerops.redact import Masker, Redactor
from runnerops.report.document import plan_document
from runnerops.report.plan_differences import differences
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.text import plan_lines
from tests.unit.plan_builders import ORIGIN, POLICY, RUNNER, a_host, ask, observed
from tests.unit.saved_plan_builders import ASKED, KEY, LAST, NEW, PROJECT, host_after, planned

TAGS = SettingsUpdate("one", 7, (SettingChange("tags", ("linux",), ("docker", "linux")),))
PAUSED = SettingsUpdate("one", 7, (SettingChange("paused", True, False),))


@pytest.mark.parametrize(
    ("wanted", "document", "differs"),
    [
        ({}, {"description": "x", "paused": True}, ()),
        ({"description": "x"}, {"description": "x"}, ()),
        ({"description": "x"}, {"description": "y"}, ("description",)),
        ({"description": ""}, {"description": None}, ()),
        ({"description": "x"}, {}, ("description",)),
        ({"maintenance_note": "a\nb\n"}, {"maintenance_note": "a\r\nb"}, ()),
        ({"maintenance_note": ""}, {"maintenance_note": "a"}, ("maintenance_note",)),
        ({"tags": ("a", "b")}, {"tag_list": ["b", "a"]}, ()),
        ({"tags": ()}, {"tag_list": []}, ()),
        ({"tags": ()}, {"tag_list": ["a"]}, ("tags",)),
        ({"tags": ("A",)}, {"tag_list": ["a"]}, ("tags",)),
        ({"run_untagged": False}, {"run_untagged": False}, ()),
        ({"run_untagged": False}, {"run_untagged": 0}, ("run_untagged",)),
        ({"run_untagged": False}, {"run_untagged": None}, ("run_untagged",)),
        ({"locked": True, "paused": False}, {"locked": False, "paused": True}, ("locked", "paused")),
        ({"paused": True}, {"active": False}, ()),
        ({"paused": True}, {"active": True, "paused": True}, ()),
        ({"access_level": "ref_protected"}, {"access_level": "not_protected"}, ("access_level",)),
        ({"maximum_timeout": 600}, {"maximum_timeout": None}, ("maximum_timeout",)),
        ({"maximum_timeout": 600}, {"maximum_timeout": 600}, ()),
    ],
    ids=str,
)
def test_when_two_settings_are_the_same(
    wanted: dict[str, Setting], document: dict[str, Any], differs: tuple[str, ...]
) -> None:
    assert tuple(change.key for change in differing(wanted, settings_of(document))) == differs


def made(*updates: SettingsUpdate, held: bool = False) -> Planned:
    """A plan for a host whose files are in sync."""
    files, state = ask(None, RUNNER), observed(None, RUNNER)
    state = replace(state, hold=Hold(0, "anna", "disk swap")) if held else state
    host = a_host(*(file.spec.service for file in files))
    return plan_request(Request(host, files, files, state, POLICY, ORIGIN, updates=updates), Redactor(), frozenset())


def test_a_difference_in_gitlab_alone_is_pending_without_a_run() -> None:
    one = made(TAGS)
    assert (one.plan.empty, one.result, one.ready) == (True, Result.PENDING, True)
    assert plans_summary({"h": one}) == "1 host: 1 to change, 0 in sync"
    assert made().result is Result.UNCHANGED
    assert [stop.code for stop in made(TAGS, held=True).plan.blockers] == ["held"]


def test_it_is_shown_with_both_values() -> None:
    plan = made(TAGS, PAUSED).plan
    lines = [text for _, text in plan_lines(plan, Masker(), ())]
    first = lines.index("  → update runner one in GitLab (tags) · 0 jobs interrupted")
    assert lines[first + 1 : first + 3] == ['      - tags: ["linux"]', '      + tags: ["docker", "linux"]']
    assert "      - paused: true" in lines
    document = plan_document(plan, Result.PENDING, Masker(), ())
    assert document["gitlab"][0] == {
        "runner": "one",
        "id": 7,
        "changes": [{"key": "tags", "old": ["linux"], "new": ["docker", "linux"]}],
    }


def test_a_text_from_gitlab_stays_in_its_line() -> None:
    change = SettingChange("maintenance_note", "a\nb \x1b[31m \x9b1m \u202e\u00e4", "")
    lines = [text for _, text in plan_lines(made(SettingsUpdate("one", 7, (change,))).plan, Masker(), ())]
    assert '      - maintenance_note: "a\\nb \\u001b[31m \\u009b1m \\u202e\u00e4"' in lines


def saved(plan: Plan, key: str = KEY) -> SavedHost:
    return saved_host(plan, (), "a-machine", LAST, Digests(key, frozenset(), Redactor().text))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ((TAGS,), (TAGS,), ""),
        ((), (TAGS,), "runner one: would be updated in GitLab too: tags"),
        ((TAGS,), (), "runner one: no settings of it would be changed in GitLab any more"),
        (
            (TAGS,),
            (replace(TAGS, changes=(SettingChange("tags", (), ("docker", "linux")),)),),
            "inventory has another value: tags",
        ),
        (
            (TAGS,),
            (replace(TAGS, changes=(SettingChange("tags", ("linux",), ()),)),),
            "inventory has another value: tags",
        ),
        ((TAGS,), (PAUSED,), "inventory has another value: tags, paused"),
        ((TAGS,), (replace(TAGS, id=8),), "another runner of GitLab"),
    ],
)
def test_what_is_a_difference_to_a_saved_plan(
    before: tuple[SettingsUpdate, ...], after: tuple[SettingsUpdate, ...], says: str
) -> None:
    for key in (KEY, ""):
        first_saved, other = (saved(Plan("h", 5, ORIGIN, updates=updates), key) for updates in (before, after))
        text = "\n".join(differences(first_saved, other, LAST))
        assert bool(text) == bool(says)
        assert says in text
        assert "docker" not in json.dumps(asdict(first_saved))


def test_a_job_that_is_tried_again_sets_what_gitlab_lacks_yet() -> None:
    def update(one: Planned, *updates: SettingsUpdate) -> Planned:
        return replace(one, plan=replace(one.plan, updates=updates))

    asked_for = update(planned(host_after()), TAGS).plan
    whole = saved_host(asked_for, ask(ASKED, NEW), "", LAST, Digests(KEY, frozenset(), Redactor().text))
    plan = SavedPlan(runnerops="1", created_at=1, requested_by=ORIGIN, inventory="inventory.yml", hosts=(whole,))
    run_record = replace(LAST, number=5, digest=asked_for.digest)
    done = planned(host_after(ASKED, NEW, last=run_record), Result.UNCHANGED)
    for one, holds in (
        (update(planned(host_after()), TAGS), True),
        (done, True),
        (replace(update(done, TAGS), result=Result.PENDING), True),
        (replace(update(done, PAUSED), result=Result.PENDING), False),
        (update(planned(host_after()), TAGS, PAUSED), False),
    ):
        held = block_stale_plans(plan, PROJECT, {"h": one}, Redactor())["h"]
        assert isinstance(held, Planned)
        assert (not held.plan.blockers) == holds


def test_a_creation_sends_what_python_gitlab_knows_of_one() -> None:
    attributes = CurrentUserRunnerManager._create_attrs
    sent = {"runner_type", "group_id", "project_id", *SETTINGS.values()}
    assert sent == {*attributes.required, *attributes.optional}
    assert CurrentUserRunnerManager._path == "/user/runners"
    assert set(RunnerManager._update_attrs.optional) - {"active"} <= set(SETTINGS.values())
    assert "type" in RunnerAllManager._list_filters
