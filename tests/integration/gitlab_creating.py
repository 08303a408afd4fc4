"""A GitLab in which a deploy creates runners, the host that they are for, and faults of both. GitLab is a stand-in, on
loopback. The host is one that accepts the folder of a run and keeps the file in it."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import IO, Any, Self, cast

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
from runnerops.model.gitlab import GitlabAccess, Managed, PauseRecord, Place, Setting
from runnerops.model.host_state import HostState, SecretFingerprints
from runnerops.model.inventory import Host, Inventory, RenderedFile
from runnerops.model.run import Outcome
from runnerops.redact import Redactor
from runnerops.remote import protocol, state, state_folder
from runnerops.report.progress.show import Show
from runnerops.report.screen import Screen
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.ssh.link import Completed
from tests.integration.conftest import API
from tests.integration.one_host import OneHost
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.unit.executor_doubles import Quiet
from tests.unit.plan_builders import ORIGIN
from tests.unit.plan_builders import observed as in_sync
from tests.unit.services import runner_builders as build

SETTINGS: dict[str, Setting] = {"description": "docker on h", "tags": ("docker", "linux"), "run_untagged": False}
GROUP = Place("group", 42)
KEEP, CLAIM = state_folder.write_pause_records(())[2], state_folder.claim_creation_records((), "", 0)[2]
"""What a host keeps a record by, and what records are taken over by; what it is about follows."""
SHELL = {"executor": "shell"}
REFUSED = {"error": "insufficient_scope", "error_description": "glrt-canary is not welcome"}


class Cut(BaseException):
    """The client is gone, as if it had been killed."""


@dataclass
class Machine(OneHost):
    """A host: `content` is its config.toml. `end` is how its next run ends; `seen` all that runs were sent.

    `before` is what its last run left in that file, `managed` what it recorded of runners in GitLab. `on_record` has what
    else it keeps of GitLab, by folder and file.
    """

    content: bytes | None = None
    before: bytes | None = None
    managed: Managed = field(default_factory=dict)
    on_record: dict[str, str] = field(default_factory=dict)
    end: str = "applied"
    seen: list[bytes] = field(default_factory=list)
    while_it_runs: Callable[[], None] = lambda: None
    before_it_runs: Callable[[], None] = lambda: None
    before_a_claim: Callable[[], None] = lambda: None
    numbers: set[int] = field(default_factory=set)
    """Of runs that have begun since plans were made."""
    status: int = 0
    environ: dict[str, str] = field(default_factory=dict)

    def link(self, host: Host) -> Self:
        if self.end == "unreachable":
            raise LinkLostError("h", "the connection was lost")
        return super().link(host)

    def run(self, command: Sequence[str], stdin: bytes, timeout: float) -> Completed:
        assert not stdin
        assert timeout
        if command[2] == CLAIM:
            self.before_a_claim()
            return Completed(self._claimed(*command[5:]), b"", b"")
        folder, words, keeps = command[5], command[6:], command[2] == KEEP
        for name, text in zip(words[::2], words[1::2], strict=True) if keeps else ():
            self.on_record[f"{folder}/{name}"] = text
        for name in words if not keeps else ():
            self.on_record.pop(f"{folder}/{name}", None)
        return Completed(0, b"", b"")

    def _claimed(self, run: str, end: str, *names: str) -> int:
        present = [name.partition("/")[2] for name in self.on_record if name.startswith("begun/")]
        if set(present) - set(names) or int(run) in self.numbers:
            return state_folder.IN_USE
        for name in present:
            self.on_record[f"begun/{name}{end}"] = self.on_record.pop(f"begun/{name}")
        return 0

    @property
    def state(self) -> HostState:
        """What it has on record, as an observation finds it."""
        lines = "".join(f"/var/lib/runnerops/{name}:{text}\n" for name, text in self.on_record.items())
        return state.host_state({"kept": HostAnswer(0, lines.encode())}, {}, Facts())

    @property
    def paused(self) -> dict[int, PauseRecord]:
        """By their ids in GitLab."""
        return {record.id: record for record in self.state.paused}

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        before, self.before_it_runs = self.before_it_runs, lambda: None
        before()
        self.status = 0
        if any(f"begun/{name}" not in self.on_record for name in command[8:]):
            self.status = protocol.TAKEN_OVER
            return
        self.seen.append(stdin)
        self.while_it_runs()
        if self.end == "killed before":
            raise Cut
        if self.end in {"applied", "client killed"}:
            with tarfile.open(fileobj=io.BytesIO(stdin)) as tar:
                files = {member.name: cast(IO[bytes], tar.extractfile(member)).read() for member in tar}
            self.content = self.before = files.get("new.1", self.content)
            recorded = json.loads(files["meta"])["in_gitlab"]
            self.managed = {url: {int(number): name for number, name in it.items()} for url, it in recorded.items()}
        if self.end == "client killed":
            raise Cut
        yield f"1.2\t\t-1\tend\t{self.end}\n".encode()

    @property
    def runners(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", tomllib.loads((self.content or b"").decode()).get("runners", []))


@dataclass
class World:
    """A GitLab, a host, and an inventory that asks for `names` in `place`; `others` are its other hosts.

    One that is called `other` is never taken for one of the rest under a new name: it has another executor.
    """

    gitlab: GitLab
    machine: Machine = field(default_factory=Machine)
    names: tuple[str, ...] = ("one",)
    place: Place = GROUP
    flags: Flags = field(default_factory=lambda: Flags({}))
    others: tuple[Host, ...] = ()
    given: SecretFingerprints = field(default_factory=SecretFingerprints)
    environ: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, Setting]] = field(default_factory=dict)
    """What runners are to have beside `SETTINGS`, or in place of it."""
    was: dict[str, str] = field(default_factory=dict)
    """Names of before, by those that they have now."""
    port: int = 1
    """Where the runner's process listens: to change that it is started anew, once its jobs have ended."""
    busy: bool = False
    notes: tuple[str, ...] = ()
    """Of its last plan."""
    said: StringIO = field(default_factory=StringIO)

    def plan(
        self, command: str = "deploy", redactor: Redactor | None = None, content: bytes | None = None
    ) -> tuple[Project, Planned]:
        """`content`: a rollback's, in place of what the inventory asks for."""
        other = {"executor": "docker", "docker": {"image": "alpine"}}
        runners = [
            build.runner(name=name, url=self.gitlab.url, token=None, **(other if name == "other" else SHELL))
            for name in self.names
        ]
        config = build.config(*runners, listen_address=f":{self.port}")
        rendered = (RenderedFile(build.SPEC, content or to_toml(config).encode()),)
        host = replace(
            build.HOST,
            renamed=self.was,
            gitlab=GitlabAccess(self.gitlab.url, API),
            gitlab_settings={name: {**SETTINGS, **self.settings.get(name, {})} for name in self.names},
            gitlab_places=dict.fromkeys(self.names, self.place),
        )
        inventory = Inventory("inventory.yml", (host, *self.others), {})
        project = Project(inventory, (host,), {"h": rendered}, {"h": ()}, b"")
        planning = PlanContext(
            project, self.flags, ORIGIN, redactor or Redactor(), command=command, environ=self.environ
        )
        planned = plan_observed(planning, host, rendered, self.observed())
        self.notes = planned.plan.notes
        return project, planned

    def observed(self) -> HostState:
        observed = in_sync(None, self.machine.content)
        machine = self.machine
        base = {build.SPEC.path: machine.before} if machine.before is not None else {}
        jobs = (Job("7", "job 7"),) if self.busy else ()
        runner = RunnerFacts(build.NOW, "16.11.0", jobs, system_id="s_0123456789ab")
        facts = replace(observed.facts, machine="0123", runner=runner)
        observed = replace(observed, facts=facts, base=base, in_gitlab=machine.managed, secret_fingerprints=self.given)
        return replace(observed, paused=machine.state.paused, begun=machine.state.begun)

    def deploy(self, *, no_wait: bool = False) -> Outcome:
        redactor = Redactor()
        project, planned = self.plan(redactor=redactor)
        screen = Screen(out=self.said, err=self.said, redactor=redactor)
        pool, show = cast(ConnectionPool, self.machine), cast(Show, Quiet())
        plans = {"h": planned}
        context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns(), no_wait=no_wait)
        executor = HostExecutor(context, plans, {"h": planned.plan})
        executor.run()
        outcome = executor.outcomes["h"]
        for runner in self.gitlab.created:
            assert runner.token not in repr(outcome)
        assert "canary" not in repr(outcome)
        return outcome

    def agrees(self) -> bool:
        """Whether GitLab has just what the host has, as it is to be there."""
        _, planned = self.plan()
        on_host = sorted((runner["id"], runner["token"]) for runner in self.machine.runners)
        return (
            on_host == sorted((runner.id, runner.token) for runner in self.gitlab.created)
            and len(on_host) == len(self.names)
            and planned.result is Result.UNCHANGED
        )


FAULTS = [
    *((Answer(0), 1), (Answer(0), 9), (Answer(429), 1), (Answer(429), 9), (Answer(500), 1), (Answer(500), 9)),
    *((Answer(401, REFUSED), 9), (Answer(403, REFUSED), 9), (Answer(404, REFUSED), 9), (Answer(200, "<html>"), 9)),
]
"""An answer that comes in place of the right one, after what was asked for was carried out, and how often."""
