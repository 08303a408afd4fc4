"""Settings of runners are compared and set by python-gitlab over HTTP on loopback, in a stand-in for GitLab.

The stand-in (`tests/lab/gitlab.py`) answers as GitLab's source does. No real GitLab is used.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import cast

import pytest

from runnerops.engine.exit_codes import exit_of
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.settings import SettingsComparison, compare_settings, update_settings
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.options import Flags
from runnerops.engine.planner import plan_observed
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned
from runnerops.engine.project import Project
from runnerops.engine.runs.executor import HostExecutor
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait
from runnerops.engine.runs.round_context import RoundContext
from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.settings import update
from runnerops.model.common import Exit, Result, Secret, SourceLocation
from runnerops.model.facts import RunnerFacts
from runnerops.model.gitlab import GitlabAccess, Setting, SettingChange, SettingsUpdate
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Inventory, RenderedFile
from runnerops.model.rollout import Rollout
from runnerops.model.run import Outcome
from runnerops.planning.lint.disagreeing import disagreeing_runners
from runnerops.redact import Redactor
from runnerops.remote.links import HostLink
from runnerops.report.progress.show import Show
from runnerops.report.screen import Screen
from runnerops.secrets import run_command
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.integration.conftest import API
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.shell import until
from tests.unit.executor_doubles import PLAN, Quiet, Several
from tests.unit.plan_builders import ORIGIN, RUNNER
from tests.unit.plan_builders import ask as ask_for
from tests.unit.plan_builders import observed as in_sync
from tests.unit.services import runner_builders as build

ONE, TWO = "glrt-canary-of-runner-one", "glrt-canary-of-runner-two"
WANTED: Mapping[str, Setting] = {"description": "docker on h", "tags": ("docker", "linux"), "run_untagged": False}
KNOWN = RunnerFacts(build.NOW, "16.11.0", system_id="s_0123456789ab")
NONE: Mapping[str, int] = {}
QUOTED = {"message": f"{ONE} is not welcome"}
"""A message that quotes what it should not: it must not be passed on."""


def new_context() -> GitlabContext:
    return GitlabContext(Path("/nowhere"), {}, Redactor())


def host(gitlab: GitLab, token: str | Secret | None = API, **settings: Mapping[str, Setting]) -> Host:
    return replace(build.HOST, gitlab=GitlabAccess(gitlab.url, token), gitlab_settings=settings)


def host_with_two(
    gitlab: GitLab, ids: Mapping[str, int], *, known: bool = True
) -> tuple[tuple[RenderedFile, ...], HostState]:
    """What is asked for, and the host that has it already: runners `one` and `two`, with these ids in config.toml."""
    tokens = {"one": ONE, "two": TWO}
    runners = [build.runner(name=name, url=gitlab.url, token=tokens[name], id=ids.get(name)) for name in tokens]
    content = to_toml(build.config(*runners)).encode()
    state = build.observed(build.config(*runners), KNOWN if known else RunnerFacts(build.NOW, "16.11.0"))
    return (RenderedFile(build.SPEC, content),), state


def ask(
    gitlab: GitLab, of: Host, ids: Mapping[str, int] = NONE, *, known: bool = True
) -> tuple[tuple[SettingsUpdate, ...], str]:
    """The updates and all notes."""
    comparison = compare_settings(of, *host_with_two(gitlab, ids, known=known), new_context())
    assert "canary" not in repr(comparison)
    return comparison.updates, "\n".join(comparison.notes)


def quick(gitlab: GitLab, token: str = API) -> GitlabClient:
    return GitlabClient(gitlab.url, token, seconds=5, sleep=lambda _: None)


def test_where_no_runner_has_settings_gitlab_is_not_asked(gitlab: GitLab) -> None:
    assert ask(gitlab, host(gitlab)) == ((), "")
    unnamed = replace(host(gitlab, one=WANTED), gitlab=None)
    assert compare_settings(unnamed, *host_with_two(gitlab, NONE), new_context()) == SettingsComparison()
    assert gitlab.requests == []


def test_two_hosts_that_gitlab_calls_one_runner_are_told_whatever_differs_now(gitlab: GitLab) -> None:
    number, gitlab_context = gitlab.runner(ONE).id, new_context()
    for name, tags in (("a", ("docker",)), ("b", ("linux",))):
        this_host = replace(host(gitlab, one={"tags": tags}), name=name)
        compare_settings(this_host, *host_with_two(gitlab, {"one": number}), gitlab_context)
    gitlab.runner(ONE).settings["tag_list"] = ["docker"]  # so a alone has nothing to do
    assert {name: stop.details for name, stop in disagreeing_runners(gitlab_context.desired_settings).items()} == {
        "a": ("tags",),
        "b": ("tags",),
    }


def test_what_differs_is_set_and_then_nothing_differs(gitlab: GitLab) -> None:
    number = gitlab.runner(ONE).id
    one_host = host(gitlab, one=WANTED)
    updates, notes = ask(gitlab, one_host, {"one": number})
    assert notes == ""
    assert updates == (
        SettingsUpdate(
            "one",
            number,
            (
                SettingChange("description", "", "docker on h"),
                SettingChange("tags", None, ("docker", "linux")),
                SettingChange("run_untagged", None, False),
            ),
        ),
    )
    gitlab.requests.clear()
    assert update_settings(one_host, updates, new_context()) == ()
    assert [method for method, _ in gitlab.requests] == ["GET", "PUT", "GET"]
    assert gitlab.runner(ONE).settings == {
        "description": "docker on h",
        "tag_list": ["linux", "docker"],
        "run_untagged": False,
    }
    gitlab.requests.clear()
    assert ask(gitlab, one_host, {"one": number}) == ((), "")
    assert gitlab.requests == [("GET", f"/api/v4/runners/{number}")]
    gitlab.runner(ONE).paused = True
    assert ask(gitlab, one_host, {"one": number}) == ((), "")  # what is not asked for stays
    (update,), _ = ask(gitlab, host(gitlab, one={"paused": False}), {"one": number})
    assert update.changes == (SettingChange("paused", True, False),)


def test_the_runner_is_found_by_its_token_where_the_file_has_no_id_or_another_ones(gitlab: GitLab) -> None:
    own, other = gitlab.runner(ONE).id, gitlab.runner(TWO).id
    for ids in (NONE, {"one": other}):
        (update,), _ = ask(gitlab, host(gitlab, one=WANTED), ids)
        assert update.id == own
    updates, note = ask(gitlab, host(gitlab, one=WANTED), known=False)
    assert not updates
    assert "no system id yet" in note
    gitlab.revoke(ONE)
    updates, note = ask(gitlab, host(gitlab, one=WANTED), {"one": own})
    assert not updates
    assert "does not know its token" in note


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Answer(401, QUOTED), "write a new one under `gitlab: {token: …}`"),
        (Answer(403, QUOTED), "scope `manage_runner`"),
        (Answer(403, "<html>"), "something in front of GitLab refused"),
        (Answer(404, QUOTED), "check whether it was deleted there"),
        (Answer(200, "<html>"), "does not answer as GitLab's API does"),
        (Answer(429, QUOTED, {"Retry-After": "86400"}), "accepts no more requests"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
def test_what_cannot_be_compared_is_a_note_with_the_fix(gitlab: GitLab, fault: Answer, expected: str) -> None:
    ids = {"one": gitlab.runner(ONE).id, "two": gitlab.runner(TWO).id}
    gitlab.faults = [fault]
    updates, notes = ask(gitlab, host(gitlab, one=WANTED, two=WANTED), ids)
    first, *rest = notes.split("\n")
    assert first.startswith("the settings of runner one in GitLab could not be compared: ")
    assert expected in first
    down = fault.status == 429  # then the next one is not waited for; else it has its own answer
    assert [update.runner for update in updates] == ([] if down else ["two"])
    assert len(rest) == down


def test_a_token_that_is_not_there_and_a_runner_without_one_are_notes(gitlab: GitLab) -> None:
    lost = Secret("env", "NO_SUCH", SourceLocation("inventory.yml", 1, 1))
    updates, notes = ask(gitlab, host(gitlab, lost, one=WANTED, two=WANTED))
    assert not updates
    assert notes.count("!env NO_SUCH") == 2
    updates, notes = ask(gitlab, host(gitlab, absent=WANTED))
    assert not updates
    assert "config.toml has no token of this GitLab for it" in notes
    assert gitlab.requests == []


def planned(gitlab: GitLab) -> SettingsUpdate:
    number = gitlab.runner(ONE).id
    (found,), _ = ask(gitlab, host(gitlab, one=WANTED), {"one": number})
    return found


@pytest.mark.parametrize("call", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (Answer(0), 1),
        (Answer(0), 4),
        (Answer(429, QUOTED), 1),
        (Answer(429, QUOTED), 4),
        (Answer(500, QUOTED), 4),
        (Answer(401, QUOTED), 1),
        (Answer(403, QUOTED), 1),
        (Answer(404, QUOTED), 1),
        (Answer(400, QUOTED), 1),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else str(value),
)
def test_each_fault_ends_set_or_told_and_the_next_deploy_finishes_it(
    gitlab: GitLab, call: str, fault: Answer, times: int
) -> None:
    """The stand-in carries out what it is asked before a fault takes the answer's place: reading back decides."""
    planned_update = planned(gitlab)
    gitlab.faults_of = {call: [fault] * times}
    error: GitlabError | None = None
    try:
        update(quick(gitlab), planned_update)
    except GitlabError as caught:
        error = caught
    gitlab.faults_of.clear()
    passes = times == 1 and fault.status in {0, 429}
    assert (error is None) == (call == "PUT" or passes), error
    if error:
        assert error.hint
        assert "canary" not in f"{error.message} {error.hint}"
        assert isinstance(error, GitlabDownError) == (fault.status in {0, 429, 500})
        assert not any(method == "PUT" for method, _ in gitlab.requests)
        update(quick(gitlab), planned_update)
    assert ask(gitlab, host(gitlab, one=WANTED), {"one": planned_update.id}) == ((), "")


def test_what_was_not_carried_out_is_reported_by_the_answer_that_refused_it(gitlab: GitLab) -> None:
    (found,), _ = ask(gitlab, host(gitlab, one={"tags": (), "run_untagged": False}), {"one": gitlab.runner(ONE).id})
    with pytest.raises(GitlabError, match="does not accept these values") as caught:
        update(quick(gitlab), found)
    assert "run untagged jobs" in caught.value.hint
    gitlab.runner(TWO).settings = {"description": "as it was"}
    with pytest.raises(GitlabError, match="runner 99"):
        update(quick(gitlab), replace(found, id=99))
    with pytest.raises(GitlabError, match="does not accept the API token"):
        update(quick(gitlab, "glpat-another"), found)


def test_what_somebody_changed_since_the_plan_is_left_and_told(gitlab: GitLab) -> None:
    planned_update = planned(gitlab)
    gitlab.runner(ONE).settings = {"description": "by hand"}
    (error,) = update_settings(host(gitlab, one=WANTED), [planned_update], new_context())
    assert "somebody changed this in GitLab since the plan was made: description" in error.message
    assert error.hint == "deploy again, which makes a new plan"
    assert gitlab.runner(ONE).settings == {"description": "by hand"}


def test_a_gitlab_that_takes_an_update_and_does_not_keep_it_is_reported(gitlab: GitLab) -> None:
    planned_update = planned(gitlab)
    before = {"id": planned_update.id, "description": "", "paused": False}
    gitlab.faults_of = {"GET": [Answer(200, before), Answer(200, before)]}
    with pytest.raises(GitlabError, match="still has other values: description, tags, run_untagged"):
        update(quick(gitlab), planned_update)


def test_one_runners_refusal_does_not_keep_the_next_from_its_update(gitlab: GitLab) -> None:
    ids = {"one": gitlab.runner(ONE).id, "two": gitlab.runner(TWO).id}
    two_runners = host(gitlab, one=WANTED, two=WANTED)
    updates, _ = ask(gitlab, two_runners, ids)
    gitlab.faults_of = {"GET": [Answer(403, QUOTED)]}
    (error,) = update_settings(two_runners, updates, new_context())
    assert "the API token is not allowed to do that" in error.message
    (left,), _ = ask(gitlab, two_runners, ids)
    assert left.runner == "one"


class Pool(Several):
    """Hosts whose runs end as their names say, and where the token stands; `runs` are the hosts that had one."""

    def __init__(self, name: str = "", runs: list[str] | None = None) -> None:
        super().__init__(name)
        self.environ = {"GITLAB_TOKEN": API}
        self.runs: list[str] = [] if runs is None else runs
        self.run_command = run_command

    def host_link(self, host: Host) -> HostLink:
        return HostLink(lambda: self.link(host), lambda: self.link(host))

    def link(self, host: Host) -> Several:
        self.runs.append(host.name)
        return Pool(host.name, self.runs)

    reconnect = link
    reader = link


def planning(gitlab: GitLab, name: str, *, run: bool) -> tuple[Project, Planned]:
    """A host with a plan of what `planned` says, and with a run of its own or without."""
    token = Secret("env", "GITLAB_TOKEN", SourceLocation("inventory.yml", 1, 1))
    this_host = replace(host(gitlab, token, one=WANTED), name=name)
    project = Project(Inventory("inventory.yml", (this_host,), {}), (this_host,), {name: ()}, {name: ()}, b"")
    forward = PLAN.forward if run else ()
    plan = replace(PLAN, host=name, forward=forward, updates=(planned(gitlab),))
    return project, Planned(plan, (), Result.PENDING)


def outcomes(
    project: Project, plans: Mapping[str, Planned], pool: Pool, runs: ActiveRuns | None = None
) -> Mapping[str, Outcome]:
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    executed = {name: plan.plan for name, plan in plans.items()}
    connections, show = cast(ConnectionPool, pool), cast(Show, Quiet())
    context = RoundContext(project, connections, screen, show, LockWait(0, screen), runs or ActiveRuns())
    executor = HostExecutor(context, plans, executed)
    executor.run()
    return executor.outcomes


def test_what_gitlab_refuses_of_one_host_keeps_no_files_from_the_others(gitlab: GitLab) -> None:
    project, one = planning(gitlab, "canary", run=True)
    other = replace(one, plan=replace(one.plan, host="h", updates=(), needs=frozenset({"canary"})))
    hosts = (*project.hosts, replace(project.hosts[0], name="h"))
    fleet = Inventory("inventory.yml", hosts, {}, rollout=Rollout(canary="canary", batch="1"))
    project = replace(project, inventory=fleet, hosts=hosts, rendered=dict.fromkeys(("canary", "h"), ()))
    gitlab.faults = [Answer(403, QUOTED)]
    results = outcomes(project, {"canary": one, "h": other}, Pool())
    assert {name: str(outcome.result) for name, outcome in results.items()} == {"canary": "failed", "h": "applied"}


@pytest.mark.parametrize("run", [True, False])
def test_who_interrupts_while_gitlab_is_told_sees_how_the_host_is(gitlab: GitLab, run: bool) -> None:
    project, one = planning(gitlab, "good", run=run)
    gitlab.requests.clear()
    gitlab.asked, gitlab.slow = 0, 5.0
    runs, over = ActiveRuns(), threading.Event()

    def interrupt() -> None:
        until("asked", lambda: gitlab.asked > 0 or over.is_set(), seconds=30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        outcome = outcomes(project, {"good": one}, Pool(), runs)["good"]
    finally:
        over.set()
        gitlab.slow = 0.0
        thread.join()
    assert runs.interrupted  # which makes the exit code 130
    assert (outcome.result, outcome.deployed) == (Result.FAILED, True)
    assert outcome.message.startswith("its files are deployed" if run else "its files were in sync")
    assert outcome.diagnostics == ("interrupted while GitLab was updated",)
    assert outcome.hint == "deploy again"


@pytest.mark.parametrize(
    ("name", "run", "fault", "result", "set_there"),
    [
        ("good", True, None, Result.APPLIED, True),
        ("bad", True, None, Result.FAILED, False),
        ("good", False, None, Result.APPLIED, True),
        ("good", True, Answer(403, QUOTED), Result.FAILED, False),
        ("good", False, Answer(403, QUOTED), Result.FAILED, False),
    ],
)
def test_gitlab_is_reported_once_the_hosts_run_has_ended_well(
    gitlab: GitLab, name: str, run: bool, fault: Answer | None, result: Result, set_there: bool
) -> None:
    project, one = planning(gitlab, name, run=run)
    gitlab.requests.clear()
    gitlab.faults = [fault] if fault else []
    pool = Pool()
    outcome = outcomes(project, {name: one}, pool)[name]
    assert outcome.result is result
    assert bool(pool.runs) == run
    assert bool(gitlab.requests) == (name == "good")  # a run that failed never came to it
    assert (gitlab.runner(ONE).settings != {}) == set_there
    assert ("set in GitLab: one" in outcome.message) == set_there
    if fault:
        assert outcome.message.startswith("its files are deployed" if run else "its files were in sync")
        assert "the API token is not allowed to do that" in outcome.diagnostics[0]
        assert "manage_runner" in outcome.hint
        assert exit_of([outcome.result]) is Exit.FAILED
    assert "canary" not in repr(outcome)


@pytest.mark.parametrize("command", ["deploy", "rollback"])
def test_a_deploys_plan_has_them_and_a_rollbacks_has_not(gitlab: GitLab, command: str) -> None:
    gitlab.runner(ONE)
    this_host = host(gitlab, one=WANTED)
    content = RUNNER.replace(b"https://gitlab.example.com", gitlab.url.encode()).replace(
        b"glrt-aaaaaaaaaaaa", ONE.encode()
    )
    rendered, state = ask_for(None, content), in_sync(None, content)
    state = replace(state, facts=replace(state.facts, runner=KNOWN))
    project = Project(Inventory("inventory.yml", (this_host,), {}), (this_host,), {"h": rendered}, {"h": ()}, b"")
    context = PlanContext(project, Flags({}), ORIGIN, Redactor(), command=command)
    found = plan_observed(context, this_host, rendered, state)
    assert [update.runner for update in found.plan.updates] == (["one"] if command == "deploy" else [])
    assert found.result is (Result.PENDING if command == "deploy" else Result.UNCHANGED)
    assert not found.plan.notes
    gitlab.faults = [Answer(401)]
    found = plan_observed(context, this_host, rendered, state)
    assert found.result is Result.UNCHANGED
    assert ("could not be compared" in "".join(found.plan.notes)) == (command == "deploy")


def test_a_gitlab_that_is_slow_or_gone_is_told_and_the_next_runner_and_host_do_not_wait(gitlab: GitLab) -> None:
    planned_update = planned(gitlab)
    gitlab.slow = 2.0
    with pytest.raises(GitlabDownError, match=r"does not answer within 0 s"):
        update(GitlabClient(gitlab.url, API, seconds=0.2), planned_update)
    gitlab.slow = 0.0
    gone = GitlabContext(
        Path("/nowhere"), {}, Redactor(), {gitlab.url: GitlabDownError("it is not reached", "look there")}
    )
    gitlab.requests.clear()
    comparison = compare_settings(
        host(gitlab, one=WANTED, two=WANTED), *host_with_two(gitlab, {"one": 1, "two": 2}), gone
    )
    assert not comparison.updates
    assert len(comparison.notes) == 2
    errors = update_settings(host(gitlab, one=WANTED), [planned_update, replace(planned_update, runner="two")], gone)
    assert [error.message for error in errors] == ["it is not reached"]
    assert gitlab.requests == []
