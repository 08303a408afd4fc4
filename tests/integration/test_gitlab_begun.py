"""Runners that a deploy created in GitLab and nobody uses are found by the host's record, even if the inventory has
changed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.creation_records import plan_recorded_creations
from runnerops.engine.gitlab.new_runners import CreationPlan
from runnerops.errors import LinkLostError
from runnerops.model.answers import Answer as HostAnswer
from runnerops.model.common import Result, ServiceName
from runnerops.model.facts import Facts
from runnerops.model.gitlab import CreationRecord, GitlabAccess, Place
from runnerops.model.host_state import HostState, Run
from runnerops.model.run import Outcome
from runnerops.redact import Masker, Redactor
from runnerops.remote import state, state_folder
from runnerops.report.document import plan_document
from runnerops.report.paused import begun_texts
from runnerops.report.text import plan_lines
from runnerops.ssh.link import Completed
from tests.integration.conftest import API
from tests.integration.gitlab_creating import CLAIM, Cut, Machine, World
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.shells import SHELLS
from tests.unit.plan_builders import ORIGIN
from tests.unit.services import runner_builders as build

pytestmark = pytest.mark.usefixtures("no_pauses", "no_http")


@pytest.fixture(name="world")
def fixture_world(gitlab: GitLab) -> World:
    """A client was killed once it had created `other` in group 42; its run never began."""
    world = World(gitlab, names=("one",))
    assert world.deploy().result is Result.APPLIED
    world.names, world.machine.end = ("one", "other"), "killed before"
    with pytest.raises(Cut):
        world.deploy()
    assert [runner.id for runner in gitlab.created] == [1, 2]
    world.machine.end = "applied"
    return world


def shown(world: World) -> str:
    return "\n".join(text for _, text in plan_lines(world.plan()[1].plan, Masker(), ()))


def test_a_deploy_keeps_it_on_record_only_as_long_as_something_may_be_left(gitlab: GitLab) -> None:
    world = World(gitlab)
    seen: list[tuple[str, ...]] = []
    world.machine.while_it_runs = lambda: seen.append(tuple(world.machine.on_record.values()))
    world.deploy()
    ((record,),) = seen
    assert record.split("\t")[:3] == [gitlab.url, "group", "42"]
    assert not world.machine.on_record
    assert world.agrees()


@pytest.mark.parametrize("end", ["failed", "rolled-back"])
def test_what_is_rolled_back_leaves_no_record(gitlab: GitLab, end: str) -> None:
    world = World(gitlab, Machine(end=end))
    world.deploy()
    assert (gitlab.created, world.machine.on_record) == ([], {})
    gitlab.faults_at = {"POST /user/runners": [Answer(403, {})]}
    assert world.deploy().result is Result.FAILED
    assert (gitlab.created, world.machine.on_record) == ([], {})


def test_it_is_deleted_though_the_inventory_asks_for_none_any_more(gitlab: GitLab, world: World) -> None:
    world.names = ("one",)
    assert "→ delete runner 2 in GitLab (an interrupted deploy left it there)" in shown(world)
    assert world.deploy().result is Result.APPLIED
    assert [runner.id for runner in gitlab.created] == [1]
    assert not world.machine.on_record
    assert world.agrees()


def test_it_is_deleted_though_the_inventory_asks_for_it_elsewhere(gitlab: GitLab, world: World) -> None:
    (runner,) = world.machine.runners
    world.place = Place("project", 7)
    gitlab.runner(runner["token"]).place = "projects/7"
    world.deploy()
    assert sorted(runner.place for runner in gitlab.created) == ["projects/7", "projects/7"]
    assert 2 not in {runner.id for runner in gitlab.created}
    assert world.agrees()


def test_one_that_is_gone_already_is_forgotten(gitlab: GitLab, world: World) -> None:
    gitlab.discard(gitlab.created[1])
    world.names = ("one",)
    assert "→ forget that runners were to be created in GitLab (group 42: an interrupted deploy" in shown(world)
    _, planned = world.plan()
    document = plan_document(planned.plan, planned.result, Masker(), ())
    assert (document["result"], document["begun_in_gitlab"]) == ("pending", [{"url": gitlab.url, "place": "group 42"}])
    assert world.deploy().result is Result.APPLIED
    assert world.agrees()
    assert not world.machine.on_record


def test_a_gitlab_that_does_not_tell_is_a_note_and_the_record_stays(gitlab: GitLab, world: World) -> None:
    world.names = ("one",)
    gitlab.faults_at = {"GET /groups": [Answer(500)] * 99}
    world.deploy()
    (note,) = world.notes
    assert f"it is not known what an interrupted deploy left in GitLab ({gitlab.url}, group 42)" in note
    assert world.machine.on_record
    gitlab.faults_at = {"DELETE /runners/2": [Answer(500)] * 9}
    outcome = world.deploy()
    gitlab.faults_at = {}
    world.deploy()
    assert outcome.result is Result.FAILED
    assert world.agrees()
    assert not world.machine.on_record


def test_without_a_token_for_it_a_note_says_so(gitlab: GitLab, tmp_path: Path) -> None:
    observed = HostState(
        files={}, facts=Facts(), begun=(CreationRecord("a1", gitlab.url, Place("instance"), "0123"),) * 2
    )
    for access in (None, GitlabAccess("https://other.example.com", API)):
        creation_plan = plan_recorded_creations(
            replace(build.HOST, gitlab=access), observed, GitlabContext(tmp_path, {}, Redactor())
        )
        assert (creation_plan.leftovers, creation_plan.begun) == ((), ())
        (note,) = creation_plan.notes
        assert f"({gitlab.url}, instance): the inventory has no API token for this GitLab" in note
        assert note.endswith("then remove /var/lib/runnerops/begun/a1 on the host"), "nothing else would"
    assert gitlab.requests == []


def test_what_a_run_in_progress_brings_is_nobodys_leftover(gitlab: GitLab, world: World, tmp_path: Path) -> None:
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API))
    observed, gitlab_context = world.observed(), GitlabContext(tmp_path, {}, Redactor())
    assert [leftover.id for leftover in plan_recorded_creations(host, observed, gitlab_context).leftovers] == [2]
    running = replace(observed, last=Run(3, ORIGIN, "", "", running=True))
    assert plan_recorded_creations(host, running, gitlab_context) == CreationPlan()


def test_who_deletes_what_is_left_and_who_just_created_it_do_not_both_go_on(gitlab: GitLab) -> None:
    """A colleague with an older inventory plans while a runner is created whose run has not begun."""
    world = World(gitlab)
    world.deploy()
    older = World(gitlab, world.machine)
    world.names = ("one", "other")
    deleted: list[Outcome] = []
    world.machine.before_it_runs = lambda: deleted.append(older.deploy())
    outcome = world.deploy()
    assert (outcome.result, [outcome.result for outcome in deleted]) == (Result.FAILED, [Result.APPLIED])
    assert "another deploy treats the runners created for it in GitLab" in outcome.hint
    assert "what was created in GitLab is deleted again" in outcome.message
    assert [runner.id for runner in gitlab.created] == [1]
    assert world.deploy().result is Result.APPLIED
    assert world.agrees()
    assert not world.machine.on_record


@pytest.mark.parametrize("meanwhile", ["a run began", "another began to create"])
def test_nothing_is_deleted_that_another_deploy_has_just_begun_with(
    gitlab: GitLab, world: World, meanwhile: str
) -> None:
    def strike() -> None:
        if meanwhile == "a run began":
            world.machine.numbers.add(world.plan()[1].plan.run)
        else:
            world.machine.on_record["begun/ee"] = next(iter(world.machine.on_record.values()))

    world.names, world.machine.before_a_claim = ("one",), strike
    outcome = world.deploy()
    assert outcome.result is Result.FAILED
    assert outcome.diagnostics == ("another deploy is creating runners for this host right now",)
    assert [runner.id for runner in gitlab.created] == [1, 2]
    assert world.machine.on_record


def test_where_the_runner_is_left_out_nothing_is_reported(gitlab: GitLab, tmp_path: Path) -> None:
    """`--only docker`: the inventory has the token, and a hint to take away the record would be wrong."""
    observed = HostState(files={}, facts=Facts(), begun=(CreationRecord("a1", gitlab.url, Place("instance"), "0123"),))
    host = replace(build.HOST, gitlab=None, left_out=frozenset({ServiceName.GITLAB_RUNNER}))
    assert plan_recorded_creations(host, observed, GitlabContext(tmp_path, {}, Redactor())).notes == ()


@pytest.mark.parametrize("content", [b"[[runners", b'[[runners]]\nurl = "URL"\ntoken = "glrt-other"\n'])
def test_nothing_is_deleted_that_the_host_may_have(
    gitlab: GitLab, world: World, tmp_path: Path, content: bytes
) -> None:
    """Its file cannot be read, or GitLab does not say which runner has a token of it."""
    gitlab.faults_at = {"POST /runners/verify": [Answer(200, {})]}
    world.machine.content = content.replace(b"URL", gitlab.url.encode())
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API))
    creation_plan = plan_recorded_creations(host, world.observed(), GitlabContext(tmp_path, {}, Redactor()))
    assert (creation_plan.leftovers, creation_plan.begun) == ((), ())
    assert "it is not known which of them the host has" in "".join(creation_plan.notes)


def test_a_host_that_keeps_no_record_has_nothing_created(gitlab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(gitlab)
    monkeypatch.setattr(Machine, "run", lambda *_: Completed(1, b"", b"sh: no space left\n"))
    outcome = world.deploy()
    assert outcome.result is Result.FAILED
    assert "could not record what is created in GitLab (exit status 1): sh: no space left" in outcome.message
    assert gitlab.created == []


def test_a_connection_that_is_lost_leaves_the_record(
    gitlab: GitLab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Machine.run

    def lost(machine: Machine, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        if command[2] == CLAIM and late:
            return real(machine, command, stdin, timeout)
        raise LinkLostError("h", "the connection was lost")

    world.names = ("one",)
    for late in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr(Machine, "run", lost)
            assert world.deploy().result is (Result.APPLIED if late else Result.FAILED)
        assert [runner.id for runner in gitlab.created] == ([1] if late else [1, 2]), "who is not sure deletes nothing"
    assert world.machine.on_record
    world.deploy()
    assert world.agrees()
    assert not world.machine.on_record


def test_status_tells_unless_a_run_goes_on() -> None:
    begun = (CreationRecord("a", "https://g.example.com", Place("group", 42), "0123"),)
    observed = HostState(files={}, facts=Facts(), begun=begun)
    host = replace(build.HOST, gitlab=GitlabAccess("https://g.example.com/", API))
    (text,) = begun_texts(host, observed)
    assert "(group 42 at https://g.example.com)" in text
    assert "runnerops deploy h deletes what it left" in text
    for access in (None, GitlabAccess("https://g.example.com"), GitlabAccess("https://other.example.com", API)):
        (text,) = begun_texts(replace(host, gitlab=access), observed)
        assert "deploy h" not in text, "no deploy could ask there"
        assert text.endswith("unused runners, then remove /var/lib/runnerops/begun/a on the host")
    assert list(begun_texts(host, replace(observed, last=Run(1, ORIGIN, "", "", running=True)))) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_record_is_read_as_it_was_kept(shell: tuple[str, ...], tmp_path: Path) -> None:
    records = [
        CreationRecord("aa", "https://g.example.com/git", Place("group", "team/a\tb c"), "0123"),
        CreationRecord("bb", "https://g.example.com", Place("project", 7), "0123"),
        CreationRecord("cc", "https://g.example.com", Place("instance"), "4567"),
    ]

    def on_host(command: tuple[str, ...]) -> None:
        words = [*shell, *command[1:]]
        subprocess.run(words, env={"PATH": "/usr/bin:/bin", "RUNNEROPS_ROOT": str(tmp_path)}, check=True, timeout=60)

    def found() -> tuple[CreationRecord, ...]:
        argv = ["sh", "-c", 'grep -H "" "$1"/var/lib/runnerops/begun/*', "sh", str(tmp_path)]
        completed = subprocess.run(argv, capture_output=True, check=False)
        return state.host_state({"kept": HostAnswer(0, completed.stdout)}, {}, Facts()).begun

    on_host(state_folder.write_creation_records(records))
    assert found() == (replace(records[0], place=Place("group", "team/a b c")), *records[1:])
    on_host(state_folder.delete_creation_records(records[:2]))
    assert found() == (records[2],)
