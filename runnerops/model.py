"""The nouns: what is asked for, what is there, what will be done, what became of it.

Pure and frozen. A module that needs a fact about a host or a plan finds it here, under the field's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from typing import Literal, TypeAlias

ABSENT = "absent"
"""The `Sha` of a file that does not exist or must not exist."""

KEEP_RUNS = 10
"""How many runs a host keeps with their files, where the inventory says nothing."""

Sha: TypeAlias = str
"""64 lower-case hex digits of a SHA-256, or `ABSENT`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value was written: line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Secret:
    """A leaf of a section whose value comes from elsewhere. It never holds the value; `secrets.py` resolves it.

    `source` is `env` (argument: a variable's name), `file` (a path) or `command` (a command line).
    `{host}` in the argument is already replaced.
    """

    source: Literal["env", "file", "command"]
    argument: str
    mark: Mark

    def __str__(self) -> str:
        return "********"


Value: TypeAlias = "str | int | float | bool | datetime | date | time | Secret | list[Value] | dict[str, Value] | None"
Tree: TypeAlias = "dict[str, Value]"
"""A parsed document, or a section of the inventory. The one loose type: only services, rules, redact and templates open it."""

Key: TypeAlias = "tuple[str | int, ...]"
"""A place in a `Tree`, e.g. `("runners", 0, "docker", "image")`."""


def key_text(key: Key) -> str:
    """A key as people write it: `runners[0].docker.image`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class ServiceName(StrEnum):
    """The managed systems, in the usual order of their parts in a run."""

    DOCKER = "docker"
    REGISTRY = "registry"
    GITLAB_RUNNER = "gitlab_runner"


class Verb(IntEnum):
    """What a service does for a change to take effect, gentlest first: `max()` of two satisfies both.

    PROVE acts on nothing and only shows that the service runs what its file says.
    """

    PROVE = 0
    RELOAD = 1
    UP = 2
    RECREATE = 3
    RESTART = 4


class Result(StrEnum):
    """What a host ended with."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    PENDING = "pending"
    GOING_ON = "going-on"
    REFUSED = "refused"
    SKIPPED = "skipped"
    LOCKED = "locked"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    NEEDS_PERSON = "needs-person"
    UNKNOWN = "unknown"


ENDS = {
    "applied": Result.APPLIED,
    "failed": Result.FAILED,
    "interrupted": Result.FAILED,
    "rolled-back": Result.ROLLED_BACK,
    "needs-person": Result.NEEDS_PERSON,
    "locked": Result.LOCKED,
}
"""The word that a run's log ends with, and what it means for the host."""


class Exit(IntEnum):
    """The exit codes, documented in the README."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PENDING = 3
    ROLLED_BACK = 4
    NEEDS_PERSON = 5
    BUG = 70
    INTERRUPTED = 130


# ---------------------------------------------------------------------------------------------- what is asked for


@dataclass(frozen=True, slots=True)
class Cache:
    """A pull-through cache as its clients see it.

    `serves` is the registry whose images it holds (`docker.io`), `upstream` where it gets them.
    `local`: `url` is on a bridge or loopback address, so only `host` itself reaches it.
    `use`: false keeps it out of every mirror list.
    """

    name: str
    host: str
    upstream: str
    serves: str
    url: str
    local: bool
    use: bool = True


@dataclass(frozen=True, slots=True)
class Ssh:
    """How to reach a host; what is None comes from ssh_config. `sudo` None: when the user is not root."""

    user: str | None = None
    port: int | None = None
    key: str | None = None
    gateway: str | None = None
    sudo: bool | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the inventory, merged and with defaults filled in.

    `sections` hold the managed systems' own keys as the templates see them (our own keys `on_change` and `keep`
    are taken out, `registry-mirrors` is wired, every cache has all its fields). `caches` are all that this host can use,
    its own first. `marks` has the place of every value that the inventory wrote, under `(section, *key)` as in
    `sections`, e.g. `("gitlab_runner", "runners", 0, "token")`; a value of ours has no mark.
    `wired` is true where `registry-mirrors` was left out and filled in by us. `clients` are, for each cache that runs here,
    the hosts of the inventory that have it among their mirrors; planning fills it in.
    """

    name: str
    address: str
    groups: tuple[str, ...] = ()
    ssh: Ssh = Ssh()
    sections: Mapping[ServiceName, Tree] = field(default_factory=dict)
    caches: tuple[Cache, ...] = ()
    vars: Tree = field(default_factory=dict)
    marks: Mapping[Key, Mark] = field(default_factory=dict)
    blunt: frozenset[ServiceName] = frozenset()
    keep: Mapping[ServiceName, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)
    wired: bool = False
    clients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_runs: int = KEEP_RUNS

    def mark(self, service: ServiceName, key: Key) -> Mark | None:
        """The place of `key`, or of the nearest value around it that the inventory wrote."""
        whole: Key = (service.value, *key)
        while whole:
            if found := self.marks.get(whole):
                return found
            whole = whole[:-1]
        return None


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts in the order of the file; `groups` names the hosts of each group, in the same order."""

    path: str
    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CiJob:
    """The GitLab job that this very process runs in, as its predefined variables say; `runner_id` 0: not told.

    `short_token` is the beginning of its runner's token.
    """

    id: str
    server_url: str = ""
    runner_id: int = 0
    short_token: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for this run. Times in seconds; `allow` holds stop codes that apply to this host.

    `job` is where it was asked for, and must outlive it; None outside of GitLab.
    """

    allow: frozenset[str] = frozenset()
    kill_jobs: bool = False
    drain_s: int = 7200
    prove_s: int = 60
    job: CiJob | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a run, and from where. `commit` and `pipeline` (a URL) are empty outside of a repository or a pipeline."""

    user: str
    machine: str
    commit: str = ""
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """Files of a service as if an inventory asked for them: the section, what is asked, the caches that they bring up.

    `notes`: what of them is not asked for again, in sentences.
    """

    section: Tree
    asked: tuple[RenderedFile, ...] = ()
    caches: tuple[Cache, ...] = ()
    notes: tuple[str, ...] = ()


Format: TypeAlias = Literal["json", "yaml", "toml"]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A managed file. `name` tells files of one kind apart (the cache of a registry config), `mode` is octal digits.

    `owner` is `user:group`. A mode that a host's file has is only ever narrowed, its owner is kept (`settle`).
    """

    service: ServiceName
    path: str
    template: str
    format: Format
    mode: str = "0644"
    owner: str = "root:root"
    name: str = ""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """What a file should hold; `content` None: it must not exist."""

    spec: FileSpec
    content: bytes | None


# --------------------------------------------------------------------------------------------------- what is there


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A path on a host as `observe` saw it. `content` is None unless it is a regular file; `mtime` is in epoch seconds."""

    path: str
    kind: Literal["absent", "file", "link", "directory", "other"] = "absent"
    content: bytes | None = None
    mode: str = ""
    owner: str = ""
    mtime: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit. `active` is its ActiveState; `pid` 0 when it has no main process.

    `argv` is the main process's own (from /proc), or else the unit's ExecStart. `invocation` is the InvocationID.
    """

    name: str
    active: str
    pid: int = 0
    invocation: str = ""
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """A container, running or not. `ports` are published as `ADDRESS:PORT` (address empty: all).

    `restart` is the name of its restart policy; `labels` are as Docker has them.
    """

    id: str
    name: str
    image: str
    running: bool
    restart: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DockerFacts:
    """The Docker daemon. `version` is empty and the loaded values None when it does not answer.

    `mirrors` and `live_restore` are what the daemon has loaded, not what the file says. `bridge` is the address of the
    default bridge, `bridge_prefix` the length of its network's prefix. `flavour`: `engine`, or what is refused:
    `rootless`, `snap`, `podman`.
    """

    unit: Unit
    version: str = ""
    flavour: str = "engine"
    mirrors: tuple[str, ...] | None = None
    live_restore: bool | None = None
    swarm: bool = False
    bridge: str = ""
    containers: tuple[Container, ...] = ()
    images: frozenset[str] = frozenset()
    bridge_prefix: int = 16


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """What the host says of caches. `compose` is the argv prefix (`docker compose` or `docker-compose`), () without one.

    `answers` has, per URL asked from the host, whether `/v2/` answered; `upstreams`, per cache name, whether its
    upstream answered (absent: not asked); `listeners` who listens on a TCP `ADDRESS:PORT`, where the host can tell.
    """

    compose: tuple[str, ...] = ()
    compose_version: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict)
    upstreams: Mapping[str, bool] = field(default_factory=dict)
    listeners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A running CI job: `id` is GitLab's, or empty where only a process or a number tells of it.

    `drains`: the runner that took it is this host's unit, and ends no sooner than the job.
    """

    id: str
    what: str
    drains: bool = True


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """gitlab-runner on the host. `strangers` are runners that no unit of ours can drain (a container, another process).

    `returning`: it drains for an earlier run, and is started by itself after its last job. `system_id` is what its
    containers are labelled with. `job_ids` are GitLab's, of every process on the host that has one in its environment.
    """

    unit: Unit
    version: str = ""
    jobs: tuple[Job, ...] = ()
    strangers: tuple[str, ...] = ()
    returning: bool = False
    system_id: str = ""
    job_ids: frozenset[str] = frozenset()

    @property
    def lives(self) -> bool:
        """Whether it takes jobs, or will do so by itself; a unit that is `activating` has no main process, and does not."""
        return self.unit.active == "active" or self.returning

    @property
    def draining(self) -> tuple[Job, ...]:
        """The jobs that it waits for when it is told to end."""
        return tuple(job for job in self.jobs if job.drains)


@dataclass(frozen=True, slots=True)
class Facts:
    """What planning needs to know of a host. A service's facts are None where it is not there, or (in `check`) not known.

    `tools` are the commands found among those that a deploy may use. `addresses` are the host's own.
    """

    clock: int = 0
    boot: str = ""
    systemd: bool = True
    tools: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    docker: DockerFacts | None = None
    registry: RegistryFacts | None = None
    runner: RunnerFacts | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """An action that a run began and did not prove; `invocation` is the unit's then (a registry's: its container's id)."""

    service: ServiceName
    verb: Verb
    run: int
    invocation: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run on the host. `result` is empty while it is alive and after it was cut off; `began` is in epoch seconds."""

    number: int
    origin: Origin
    digest: str
    result: str
    alive: bool
    files: Mapping[str, Sha] = field(default_factory=dict)
    began: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """What the inventory gave of secrets that the host's own system replaces, as keyed fingerprints that only tell *equal*.

    `marks` has them by the name of what each is for, `key` (hex digits, random, the host keeps it) is what they are made
    under. Neither is ever shown.
    """

    key: str = field(default="", repr=False)
    marks: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HostState:
    """All that one observation gave. `applied` has the sha that runnerops last put, or found equal in meaning, at each path.

    `staged` has every content that a kept run meant to put there, whether that run ended or not: it is ours too.
    `given` is what the last run that gave any secret of that kind recorded.
    `base` has the contents of `applied`, as run number `since`, the last that ended well, kept them.
    `versions` has what slow programs said of themselves, each with its binary's fingerprint: a run remembers it there.
    """

    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    facts: Facts = Facts()
    owed: tuple[Owed, ...] = ()
    last: Run | None = None
    applied: Mapping[str, Sha] = field(default_factory=dict)
    staged: Mapping[str, frozenset[Sha]] = field(default_factory=dict)
    base: Mapping[str, bytes] = field(default_factory=dict)
    since: int = 0
    given: Given = Given()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def file(self, path: str) -> RemoteFile:
        """The file at `path`; absent where nothing was observed there."""
        return self.files.get(path) or RemoteFile(path)

    def owes(self, service: ServiceName) -> Owed | None:
        """What is on record as owed to `service`."""
        return next((owed for owed in self.owed if owed.service is service), None)


# ------------------------------------------------------------------------------------------------ what will be done


Cause: TypeAlias = Literal["yours", "host", "runner", "both", "first"]
"""Whose a difference is: the inventory's; an edit on the host since our last run, or the managed system's own writing
there (`runner`); both; or `first`, of a file that was there before anything of ours."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One key whose meaning differs; None where it is missing. Values may be secret: print through `redact` only."""

    key: Key
    old: Value
    new: Value
    cause: Cause = "yours"


@dataclass(frozen=True, slots=True)
class Drift:
    """The host's file is not what our run number `run` left: when it was written (epoch seconds, 0: it is gone), by whom."""

    run: int
    at: int
    by: Literal["hand", "runner"]


@dataclass(frozen=True, slots=True)
class Change:
    """A managed file that differs in bytes, mode or owner. `edits` is empty when only the layout, mode or owner does.

    `cause` sums up the edits' own; `drift` is None where the file on the host is ours, or `first`.
    """

    old: RemoteFile
    new: RenderedFile
    edits: tuple[Edit, ...] = ()
    cause: Cause = "yours"
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What a service does. `because`: the keys or the words that made it necessary; `jobs_lost`: CI jobs that it ends;
    `jobs_waited`: those whose end it waits for first.

    `idle`: services that must be at rest meanwhile. `names`: for a registry, the caches that it touches (none: all), and
    `used_by` the hosts that have one of them among their mirrors. `containers`: the running ones by what a restart of
    docker does to them: `keep_running`, `come_back`, `end`, and `jobs` for those of CI jobs.
    """

    service: ServiceName
    verb: Verb
    because: tuple[str, ...] = ()
    jobs_lost: int = 0
    idle: frozenset[ServiceName] = frozenset()
    names: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    jobs_waited: int = 0
    containers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


StepVerb: TypeAlias = Literal["guard", "stage", "part", "owe", "strike", "swap", "run", "await"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the host's language; the verbs and their arguments are in `remote/protocol.py`."""

    verb: StepVerb
    args: tuple[str, ...]


DRAINED = "=gone"
"""The condition of an `await` that waits for running jobs."""


def step_text(step: Step) -> str:
    """A step as a person reads it: scripts are cut to their first line."""
    words = [word if len(word) <= 60 and "\n" not in word else word.splitlines()[0][:57] + "…" for word in step.args]
    return " ".join((step.verb, *words))


def drains(step: Step) -> bool:
    """Whether a step waits for running jobs; its output counts them in its first line and names them in the others."""
    return step.verb == "await" and step.args[1] == DRAINED


@dataclass(frozen=True, slots=True)
class Moves:
    """The steps there and the steps back of one service, without their `part`, `stage` and file `guard` steps (plan.py's).

    `guard`: facts to hold; `fetch`: images to get; `judge`: the host's own verdict on staged files. These come before
    the first part of the whole run. `todo` and `undo` are the part itself, `swap` steps included. `files`: further payload.
    `lifts`: steps of `judge` that a code of `--allow` leaves out, with that code. `look`: commands that show what the
    service says of itself, walked when a step of its part did not hold.
    """

    guard: tuple[Step, ...] = ()
    fetch: tuple[Step, ...] = ()
    judge: tuple[Step, ...] = ()
    todo: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    look: tuple[Step, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    lifts: Mapping[Step, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """What a deploy does not do unasked. `allowable`: `--allow CODE` lifts it (`--kill-jobs` for `jobs-running`).

    `here`: it is about where this command runs, not about the host; from elsewhere the same deploy would go.
    """

    code: str
    message: str
    allowable: bool = True
    details: tuple[str, ...] = ()
    here: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's verdict. Only severity `error` stops a deploy. `path` is the managed file's, `key` the place in it."""

    rule: str
    severity: Literal["error", "warning", "info"]
    path: str
    key: Key
    message: str
    fix: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that apply will do. An empty plan has no `todo`. `stops` holds only those not lifted; `lifted` those allowed.

    `files` is the payload (`new.1`, `old.1` …). To record: `applied`, the sha per path, `contents`, where in the payload its
    content is, and `given`. `after` has the hosts whose caches this one uses. `digest` is over what is asked, not over
    what the host had. `lifts` has the steps before the first part that a code of `--allow` leaves out.
    """

    host: str
    run: int
    origin: Origin
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    todo: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    look: tuple[Step, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    applied: Mapping[str, Sha] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    given: Given = Given()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    stops: tuple[Stop, ...] = ()
    lifted: tuple[Stop, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    after: frozenset[str] = frozenset()
    lifts: Mapping[Step, str] = field(default_factory=dict)
    digest: str = ""
    keep_runs: int = KEEP_RUNS
    command: str = "deploy"

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing to record."""
        return not self.todo


# ---------------------------------------------------------------------------------------------- what became of it


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a run's log. `at` is epoch seconds, `step` the index in its list from 0 (-1: the run itself)."""

    host: str
    at: float
    list: Literal["todo", "undo", ""]
    step: int
    kind: Literal["step", "done", "wait", "note", "fail", "end"]
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a host ended: the step that did not hold, what a person should look at, the next line to type."""

    host: str
    result: Result
    failed: Step | None = None
    message: str = ""
    look: tuple[str, ...] = ()
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """A run as its host kept it. `actions` as `VERB SERVICE`; `command` is what was typed, e.g. `deploy`."""

    run: Run
    command: str = "deploy"
    actions: tuple[str, ...] = ()
    todo: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)
    """Where in the run's folder the content of each path is, as the run left it."""

    @property
    def result(self) -> Result:
        """A run that was cut off and never ended is unknown; before a drain is over, nothing is swapped."""
        found = Result.GOING_ON if self.run.alive else ENDS.get(self.run.result, Result.UNKNOWN)
        drained = found is Result.ROLLED_BACK and self.failed is not None and drains(self.failed)
        return Result.FAILED if drained else found

    @property
    def swapped(self) -> Mapping[str, tuple[Sha, Sha]]:
        """Each path that this run meant to change, with what it began from and what it ends with."""
        found: dict[str, tuple[Sha, Sha]] = {}
        for step in self.todo:
            if step.verb == "swap":
                path, old, new = step.args
                found[path] = (found[path][0] if path in found else old, new)
        return found

    @property
    def parts(self) -> Mapping[str, str]:
        """The service that each path it swapped belongs to."""
        found: dict[str, str] = {}
        part = ""
        for step in self.todo:
            if step.verb == "part":
                part = step.args[0]
            elif step.verb == "swap":
                found[step.args[0]] = part
        return found

    @property
    def failed(self) -> Step | None:
        """The step that did not hold, which ended the way there."""
        index = next((event.step for event in self.events if event.kind == "fail" and event.list == "todo"), None)
        return self.todo[index] if index is not None and index < len(self.todo) else None

    @property
    def ended(self) -> float:
        """When its log was last written to, in epoch seconds."""
        return self.events[-1].at if self.events else float(self.run.began)
