"""Runners that a deploy pauses in GitLab while their host drains, also if the deploy is interrupted meanwhile.

GitLab is a stand-in over HTTP on loopback. The host keeps its records in a folder, with the commands that it is sent.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import StringIO
from itertools import product
from pathlib import Path
from typing import cast

import pytest

from runnerops.engine.gitlab.asking import Asking
from runnerops.engine.gitlab.pausing import Pauses
from runnerops.engine.gitlab.status import gitlab_checks
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.host_link import HostLink
from runnerops.engine.options import Flags
from runnerops.engine.planner import plan_from
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned
from runnerops.engine.project import Project
from runnerops.engine.runs.executor import HostExecutor
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait
from runnerops.errors import GitlabError, LinkLostError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.pausing import pause, unpause
from runnerops.model.answers import Answer as HostAnswer
from runnerops.model.common import Result
from runnerops.model.facts import Facts, Job, RunnerFacts
from runnerops.model.gitlab import GitlabAccess, Managed, PauseRecord, Setting
from runnerops.model.host_state import Hold, HostState, Run
from runnerops.model.inventory import Host, Inventory, RenderedFile
from runnerops.model.run import Outcome
from runnerops.redact import Masker, Redactor
from runnerops.remote import state, state_folder
from runnerops.report.document import plan_document
from runnerops.report.progress.show import Show
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.screen import Screen
from runnerops.report.status import status_document, status_lines
from runnerops.report.text import plan_lines
from runnerops.secrets.commands import run_command
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.ssh.link import Completed, Link
from tests.integration.conftest import API
from tests.integration.test_gitlab_create import REFUSED
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.gitlab_managed import Runner
from tests.lab.shell import until
from tests.unit.plan_builders import ORIGIN
from tests.unit.plan_builders import observed as in_sync
from tests.unit.services import runner_builders as build
from tests.unit.test_executor import Quiet

SYSTEM = "s_0123456789ab"


pytestmark = pytest.mark.usefixtures("no_pauses")


FAULTS = [
    *((Answer(0), 1), (Answer(0), 9), (Answer(429), 1), (Answer(429), 9), (Answer(500), 1), (Answer(500), 9)),
    *((Answer(401, REFUSED), 9), (Answer(403, REFUSED), 9), (Answer(404, REFUSED), 9), (Answer(200, "<html>"), 9)),
]
"""An answer that comes in place of the right one, after what was asked for was carried out, and how often."""


class Cut(BaseException):
    """The client is gone, as if it had been killed."""


@dataclass
class Machine:
    """A host whose runner listens where `content`, its config.toml, says. `end` is how its next run ends."""

    root: Path
    content: bytes = b""
    end: str = "applied"
    meta: bytes = b""
    """What its last run that ended well recorded."""
    runs: int = 0
    while_it_runs: Callable[[], None] = lambda: None
    environ: dict[str, str] = field(default_factory=dict)
    screen: Screen = field(default_factory=lambda: Screen(out=StringIO(), err=StringIO(), redactor=Redactor()))
    status = 0
    run_command = staticmethod(run_command)

    def link(self, host: Host) -> Machine:
        assert host.name == "h"
        return self

    reader = link

    def of(self, host: Host) -> HostLink:
        return HostLink(partial(self.link, host), partial(self.link, host))

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """As the host does it, in the folder."""
        assert not stdin
        environ = {**os.environ, "RUNNEROPS_ROOT": str(self.root)}
        done = subprocess.run([*command], env=environ, capture_output=True, check=False, timeout=timeout)
        return Completed(done.returncode, done.stdout, done.stderr)

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """A run, to its end."""
        assert command
        self.runs += 1
        self.while_it_runs()
        if stdin and self.end in {"applied", "client killed"}:
            with tarfile.open(fileobj=io.BytesIO(stdin)) as tar:
                there = {name: member.read() for name in tar.getnames() if (member := tar.extractfile(name))}
            self.content = there.get("new.1", self.content)
            self.meta = there["meta"]
        if self.end == "client killed":
            raise Cut
        if self.end == "unreachable":
            raise LinkLostError("h", "the connection was lost")
        yield f"1.2\t\t-1\tend\t{self.end}\n".encode()

    @property
    def on_record(self) -> tuple[PauseRecord, ...]:
        """As an observation finds it."""
        found = subprocess.run(
            ["sh", "-c", 'grep -H . "$1"/var/lib/runnerops/paused/*', "sh", str(self.root)],
            capture_output=True,
            check=False,
        )
        return state.host_state({"kept": HostAnswer(0, found.stdout)}, {}, Facts()).paused

    @property
    def in_gitlab(self) -> Managed:
        """As an observation finds it."""
        answers = {
            "kept": HostAnswer(0, b"/1/meta:" + self.meta),
            "walked": HostAnswer(0, b"/1/log:1.0\t\t-1\tend\tapplied\n"),
        }
        return state.host_state(answers, {}, Facts()).in_gitlab if self.meta else {}


@dataclass
class World:
    """A GitLab, a host whose runner `one` has `settings` there, and an inventory that makes it listen at `port`."""

    gitlab: GitLab
    machine: Machine
    settings: dict[str, Setting] = field(default_factory=lambda: {"tags": ("docker",)})
    port: int = 2
    flags: Flags = field(default_factory=lambda: Flags({}))
    access: bool = True
    last: Run | None = None
    said: StringIO = field(default_factory=StringIO)

    def __post_init__(self) -> None:
        self.machine.content = self.config(1, build.TOKEN)
        self.runner.settings = {"tag_list": ["docker"], "run_untagged": True}

    @property
    def runner(self) -> Runner:
        return self.gitlab.runner(build.TOKEN)

    def config(self, port: int, token: str | None = None) -> bytes:
        runner = build.runner(url=self.gitlab.url, executor="shell", token=token)
        return to_toml(build.config(runner, listen_address=f":{port}")).encode()

    def plan(self, command: str = "deploy", redactor: Redactor | None = None) -> tuple[Project, Planned]:
        rendered = (RenderedFile(build.SPEC, self.config(self.port)),)
        access = GitlabAccess(self.gitlab.url, API) if self.access else None
        host = replace(build.HOST, gitlab=access, gitlab_settings={"one": self.settings} if self.settings else {})
        project = Project(Inventory("inventory.yml", (host,), {}), (host,), {"h": rendered}, {"h": ()}, b"")
        planning = PlanContext(project, self.flags, ORIGIN, redactor or Redactor(), command=command)
        return project, plan_from(planning, host, rendered, self.observed())

    def observed(self) -> HostState:
        found = in_sync(None, self.machine.content)
        runner = RunnerFacts(build.NOW, "16.11.0", (Job("7", "job 7"),), system_id=SYSTEM)
        facts = replace(found.facts, machine="0123", runner=runner)
        return replace(
            found, facts=facts, paused=self.machine.on_record, in_gitlab=self.machine.in_gitlab, last=self.last
        )

    def executor(self, planned: Planned, project: Project) -> HostExecutor:
        screen = Screen(out=self.said, err=self.said, redactor=Redactor())
        pool, show = cast(ConnectionPool, self.machine), cast(Show, Quiet())
        return HostExecutor(
            project, {"h": planned}, {"h": planned.plan}, pool, screen, show, LockWait(0, screen), ActiveRuns()
        )

    def deploy(self) -> Outcome:
        project, planned = self.plan(redactor=Redactor())
        executor = self.executor(planned, project)
        executor.run()
        outcome = executor.outcomes["h"]
        assert "canary" not in repr(outcome)
        return outcome

    def asked(self) -> list[tuple[str, str]]:
        """What GitLab was asked since this was looked at, as far as it is not of a runner's own."""
        found = [(method, path.removeprefix("/api/v4")) for method, path in self.gitlab.requests]
        self.gitlab.requests.clear()
        return found

    def settled(self) -> bool:
        """Whether the runner gets jobs, nothing is on record, and a further deploy has nothing to do."""
        return not self.runner.paused and not self.machine.on_record and self.plan()[1].result is Result.UNCHANGED


@pytest.fixture(name="world")
def fixture_world(gitlab: GitLab, tmp_path: Path) -> World:
    return World(gitlab, Machine(tmp_path))


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
    gitlab.faults_at = {one: [fault] * times for one in ("PUT /runners", "GET /runners")}
    told = ""
    try:
        (pause if paused else unpause)(client, runner.id)
    except GitlabError as error:
        told = f"{error.message} {error.hint}"
    assert "canary" not in told
    assert told or runner.paused is paused or fault.status == 404


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
    assert [one.runner for one in planned.plan.pausing.now] == (["one"] if paused else [])
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
    said = f"  → pause runner one in GitLab {until_then} · by GitLab's count 1 job runs on it · 0 jobs interrupted"
    assert said in lines(planned)
    document = plan_document(planned.plan, planned.result, Masker(), ())
    assert document["paused_in_gitlab"] == [{"runner": "one", "id": 1, "jobs": 1}]
    assert document["unpaused_in_gitlab"] == []
    (action,) = planned.plan.actions
    assert action.jobs_waited == 1  # the host's own count


def test_jobs_that_gitlab_does_not_count_are_the_hosts_to_count(world: World) -> None:
    world.gitlab.faults_at = {"GET /runners/1/jobs": [Answer(403, REFUSED)]}
    (one,) = world.plan()[1].plan.pausing.now
    assert one.jobs is None


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
    world.machine.run(state_folder.keep_paused([PauseRecord(1, 1, world.gitlab.url, "one")]), b"", 10)
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
    (note,) = [one for one in planned.plan.notes if "is not paused in GitLab while it drains" in one]
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
    monkeypatch.setattr("runnerops.engine.runs.apply.COME_BACK_SECONDS", (0.0,))
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
    world.machine.run(state_folder.keep_paused([PauseRecord(1, 1, world.gitlab.url, "one")]), b"", 10)
    world.last = Run(1, ORIGIN, digest, "", running=True)
    world.machine.end = end
    project, planned = world.plan()
    assert planned.own
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
    asking = Asking(world.machine.root, {}, Redactor())
    Pauses(project.hosts[0], planned.plan, asking, lambda: cast(Link, world.machine)).after(Outcome("h", end))
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
    planned = plan_from(planning, host, project.rendered["h"], observed)
    assert [blocker.code for blocker in planned.plan.blockers] == ["held"]


def test_status_and_verify_say_which_run_paused_it(world: World) -> None:
    world.machine.end = "client killed"
    with pytest.raises(Cut):
        world.deploy()
    observed = world.observed()
    said = [text for _, text in status_lines("h", observed, ())]
    assert "  runner one is paused in GitLab by run 1, and was not unpaused: runnerops deploy h" in said
    record = {"runner": "one", "id": 1, "url": world.gitlab.url, "run": 1}
    assert status_document("h", observed, ())["paused_by_run"] == [record]
    project, _ = world.plan()
    asking = Asking(world.machine.root, {}, Redactor())
    (check,) = gitlab_checks(project.hosts[0], observed, asking)
    assert (check.state, check.fix) == ("fail", "runnerops deploy h")
    assert "run 1 paused it in GitLab, and it was not unpaused" in check.reason
    observed = replace(observed, last=Run(1, ORIGIN, "", "", running=True))
    assert [one.state for one in gitlab_checks(project.hosts[0], observed, asking)] == ["pass"]
    said = [text for _, text in status_lines("h", observed, ())]
    assert (
        "  runner one is paused in GitLab by run 1, which is still going on; the client that began it unpauses the"
        " runner at its end" in said
    )
    assert "  hint: if that client is gone, `runnerops deploy h` does that after the run" in said


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
    told = ("PUT", "/api/v4/runners/1")
    until("unpaused", lambda: world.gitlab.requests.count(told) > 1 and not world.machine.on_record, seconds=60)
    assert world.machine.runs == 0
    assert not world.runner.paused
    world.deploy()
    assert world.settled()
