"""A GitLab in which a deploy pauses runners, and the host that they run on. GitLab is a stand-in."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import cast

import pytest

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
from runnerops.errors import LinkLostError
from runnerops.model.answers import Answer as HostAnswer
from runnerops.model.common import Result
from runnerops.model.facts import Facts, Job, RunnerFacts
from runnerops.model.gitlab import GitlabAccess, Managed, PauseRecord, Setting
from runnerops.model.host_state import HostState, Run
from runnerops.model.inventory import Inventory, RenderedFile
from runnerops.model.run import Outcome
from runnerops.redact import Redactor
from runnerops.remote import state
from runnerops.report.progress.show import Show
from runnerops.report.screen import Screen
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.ssh.link import Completed
from tests.integration.conftest import API
from tests.integration.gitlab_creating import REFUSED
from tests.integration.one_host import OneHost
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.gitlab_managed import Runner
from tests.unit.executor_doubles import Quiet
from tests.unit.plan_builders import ORIGIN
from tests.unit.plan_builders import observed as in_sync
from tests.unit.services import runner_builders as build

SYSTEM = "s_0123456789ab"
FAULTS = [
    *((Answer(0), 1), (Answer(0), 9), (Answer(429), 1), (Answer(429), 9), (Answer(500), 1), (Answer(500), 9)),
    *((Answer(401, REFUSED), 9), (Answer(403, REFUSED), 9), (Answer(404, REFUSED), 9), (Answer(200, "<html>"), 9)),
]
"""An answer that comes in place of the right one, after what was asked for was carried out, and how often."""


class Cut(BaseException):
    """The client is gone, as if it had been killed."""


@dataclass
class Machine(OneHost):
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

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        """As the host does it, in the folder."""
        assert not stdin
        environ = {**os.environ, "RUNNEROPS_ROOT": str(self.root)}
        completed = subprocess.run([*command], env=environ, capture_output=True, check=False, timeout=timeout)
        return Completed(completed.returncode, completed.stdout, completed.stderr)

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """A run, to its end."""
        assert command
        self.runs += 1
        self.while_it_runs()
        if stdin and self.end in {"applied", "client killed"}:
            with tarfile.open(fileobj=io.BytesIO(stdin)) as tar:
                contents = {name: member.read() for name in tar.getnames() if (member := tar.extractfile(name))}
            self.content = contents.get("new.1", self.content)
            self.meta = contents["meta"]
        if self.end == "client killed":
            raise Cut
        if self.end == "unreachable":
            raise LinkLostError("h", "the connection was lost")
        yield f"1.2\t\t-1\tend\t{self.end}\n".encode()

    @property
    def on_record(self) -> tuple[PauseRecord, ...]:
        """As an observation finds it."""
        completed = subprocess.run(
            ["sh", "-c", 'grep -H . "$1"/var/lib/runnerops/paused/*', "sh", str(self.root)],
            capture_output=True,
            check=False,
        )
        return state.host_state({"kept": HostAnswer(0, completed.stdout)}, {}, Facts()).paused

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
        return project, plan_observed(planning, host, rendered, self.observed())

    def observed(self) -> HostState:
        observed = in_sync(None, self.machine.content)
        runner = RunnerFacts(build.NOW, "16.11.0", (Job("7", "job 7"),), system_id=SYSTEM)
        facts = replace(observed.facts, machine="0123", runner=runner)
        return replace(
            observed, facts=facts, paused=self.machine.on_record, in_gitlab=self.machine.in_gitlab, last=self.last
        )

    def executor(self, planned: Planned, project: Project) -> HostExecutor:
        screen = Screen(out=self.said, err=self.said, redactor=Redactor())
        pool, show = cast(ConnectionPool, self.machine), cast(Show, Quiet())
        context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
        return HostExecutor(context, {"h": planned}, {"h": planned.plan})

    def deploy(self) -> Outcome:
        project, planned = self.plan(redactor=Redactor())
        executor = self.executor(planned, project)
        executor.run()
        outcome = executor.outcomes["h"]
        assert "canary" not in repr(outcome)
        return outcome

    def asked(self) -> list[tuple[str, str]]:
        """What GitLab was asked since this was looked at, as far as it is not of a runner's own."""
        pairs = [(method, path.removeprefix("/api/v4")) for method, path in self.gitlab.requests]
        self.gitlab.requests.clear()
        return pairs

    def settled(self) -> bool:
        """Whether the runner gets jobs, nothing is on record, and a further deploy has nothing to do."""
        return not self.runner.paused and not self.machine.on_record and self.plan()[1].result is Result.UNCHANGED


@pytest.fixture(name="world")
def fixture_world(gitlab: GitLab, tmp_path: Path) -> World:
    return World(gitlab, Machine(tmp_path))
