"""What is there: a host as it was observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runnerops.model.common import ABSENT, ENDS, Result, ServiceName, Sha, Verb
from runnerops.model.gitlab import Managed, PauseRecord
from runnerops.model.inventory import Requester


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
    `enabled` is its UnitFileState (`enabled`, `disabled`, `static` …), empty where that was not told.
    """

    name: str
    active: str
    pid: int = 0
    invocation: str = ""
    argv: tuple[str, ...] = ()
    enabled: str = ""

    @property
    def stays_down(self) -> str:
        """Why it does not come up at boot, in a word; empty where it does, or where that is not known."""
        return self.enabled if self.enabled.removesuffix("-runtime") in {"disabled", "masked"} else ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container, running or not. `ports` are published as `ADDRESS:PORT` (address empty: all).

    `restart` is the name of its restart policy; `labels` are as Docker has them. `mounts` has, by the path inside, the
    name of a volume or the path of a folder or file on the host; None where that was not told. `auto_remove`: it goes, and
    volumes without a name with it, as soon as it is stopped.
    """

    id: str
    name: str
    image: str
    running: bool
    restart: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] | None = None
    auto_remove: bool = False


@dataclass(frozen=True, slots=True)
class DockerStore:
    """Where a running Docker daemon keeps its images, containers and volumes, as it says itself.

    `root` is the real path of its data-root, without the folder of a user namespace. `driver` is the storage driver or
    snapshotter (`overlay2`, `overlayfs`); `containerd`: images are in containerd's store; `remapped`: containers have user
    namespaces; `embedded`: containerd runs in the daemon itself.
    """

    root: str
    driver: str
    containerd: bool = False
    remapped: bool = False
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class DataRoot:
    """A path that may be a data-root: its real path, and the storage drivers whose state was found there."""

    real: str
    drivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """Who observed, as the host's sshd has it (`SSH_CONNECTION`): its `address`, and the `server` and `port` that it used.

    `device` and `source` are how the host answers it. All are empty where the host does not tell.
    """

    address: str = ""
    server: str = ""
    port: str = ""
    device: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class HostsFile:
    """A `hosts.toml` of Docker Hub, or of any registry, below /etc/docker/certs.d, and the hosts that it names.

    Docker 28 and newer read it for images in containerd's store, before registry-mirrors (moby's `daemon/hosts.go`).
    """

    path: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DockerFacts:
    """The Docker daemon. `version` is empty and the loaded values None when it does not answer.

    `mirrors` and `live_restore` are what the daemon has loaded, not what the file says. `bridge` is the address of the
    default bridge, `bridge_prefix` the length of its network's prefix. `flavour`: `engine`, or what is refused:
    `rootless`, `snap`, `podman`. `store` is None where the daemon does not answer; `roots` has the paths that were looked at,
    by the name under which a daemon is given them.
    `routes` are networks (CIDR) that the host reaches by devices other than Docker's, by
    the device's name; `resolvers` its name servers; `plugins` the names of log drivers, () where they are not told;
    `listeners` who listens on a TCP `ADDRESS:PORT`, asked where the file makes dockerd listen.
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
    store: DockerStore | None = None
    roots: Mapping[str, DataRoot] = field(default_factory=dict)
    client: Client = Client()
    routes: tuple[tuple[str, str], ...] = ()
    resolvers: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    firewall: Mapping[str, str] = field(default_factory=dict)
    hosts_file: HostsFile | None = None
    listeners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """What the host says of caches. `compose` is the argv prefix (`docker compose` or `docker-compose`), () without one.

    `answers` has, per URL asked from the host, whether `/v2/` answered; `upstreams`, per cache name, whether its
    upstream answered (absent: not asked); `listeners` who listens on a TCP `ADDRESS:PORT`, where the host can tell.
    `version` is what the inventory says of the registry, for an image whose tag does not. `volumes` are those that Compose made
    for our caches, told only where these are to be removed.
    """

    compose: tuple[str, ...] = ()
    compose_version: str = ""
    version: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict)
    upstreams: Mapping[str, bool] = field(default_factory=dict)
    listeners: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A running CI job: `id` is GitLab's, or empty where only a process or a number tells of it.

    `drains`: the runner that took it is this host's unit, and ends no sooner than the job. `name`, `project` (its path),
    `runner` (its description) and `started_at` (epoch seconds of GitLab's clock, 0: not known) are what GitLab said of it.
    """

    id: str
    what: str
    drains: bool = True
    name: str = ""
    project: str = ""
    runner: str = ""
    started_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """gitlab-runner on the host. `strangers` are runners that no unit of ours can drain (a container, another process).

    `returning`: it drains for an earlier run, and is started by itself after its last job. `system_id` is what its
    containers are labelled with. `job_ids` are GitLab's, of every process on the host that has one in its environment.
    """

    unit: Unit
    version: str = ""
    jobs: tuple[Job, ...] = ()
    unmanaged_runners: tuple[str, ...] = ()
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

    `tools` are the commands found among those that a deploy may use. `addresses` are the host's own. `machine` is its
    /etc/machine-id, `boot` the id of its boot; both are empty where they are not told.
    """

    clock: int = 0
    boot: str = ""
    machine: str = ""
    systemd: bool = True
    tools: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    docker: DockerFacts | None = None
    registry: RegistryFacts | None = None
    runner: RunnerFacts | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An action that a run began and did not prove; `invocation` is the unit's then (a registry's: its container's id)."""

    service: ServiceName
    verb: Verb
    run: int
    invocation: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run on the host. `result` is empty while it is alive and after it was cut off; `started_at` is in epoch seconds.

    `drained`: it failed while it waited for running jobs, before anything was swapped. `command`: as it was typed.
    """

    number: int
    requester: Requester
    digest: str
    result: str
    running: bool
    files: Mapping[str, Sha] = field(default_factory=dict)
    started_at: int = 0
    drained: bool = False
    command: str = "deploy"

    @property
    def outcome(self) -> Result:
        """What became of it; unknown where it was cut off."""
        found = Result.IN_PROGRESS if self.running else ENDS.get(self.result, Result.UNKNOWN)
        return Result.FAILED if found is Result.ROLLED_BACK and self.drained else found


def latest(runs: Sequence[Run]) -> Run | None:
    """Of runs in their order, the one that has the host, else the last that had it: one that met another's lock, or waits
    for it, had it not."""
    running = (run for run in runs if run.running)
    had = (run for run in reversed(runs) if run.result != "locked")
    return next(iter((*running, *had, *reversed(runs))), None)


@dataclass(frozen=True, slots=True)
class SecretFingerprints:
    """What the inventory gave of secrets that the host's own system replaces, as keyed fingerprints that only tell *equal*.

    `marks` has them by the name of what each is for, `key` (hex digits, random, the host keeps it) is what they are made
    under. Neither is ever shown.
    """

    key: str = field(default="", repr=False)
    fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False)


_DIGITS = 11
"""Of a moment in epoch seconds, up to the year 5138; more are milliseconds, or no moment at all."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A host that somebody keeps every run off: `until` in epoch seconds, 0: until it is released."""

    until: int
    by: str
    reason: str

    @classmethod
    def read(cls, text: str) -> Hold:
        """`UNTIL USER@MACHINE REASON`, between TABs; of one that cannot be read its text is the reason."""
        until, _, rest = text.partition("\t")
        by, _, reason = rest.partition("\t")
        known = until.isdecimal() and len(until) <= _DIGITS
        return cls(int(until), by, reason) if known and reason else cls(0, "", text)

    def ended(self, clock: int) -> bool:
        """Whether its time is over."""
        return 0 < self.until <= clock


@dataclass(frozen=True, slots=True)
class HostState:
    """All that one observation gave. `applied` has the sha that runnerops last put, or found equal in meaning, at each path.

    `staged` has every content that a kept run meant to put there, whether that run ended or not: it is ours too.
    `secret_fingerprints` is what the last run that gave any secret of that kind recorded.
    `base` has the contents of `applied`, as run number `since`, the last that ended well, kept them.
    `versions` has what slow programs said of themselves, each with its binary's fingerprint: a run remembers it there.
    `last` is the run that has the host, or had it last; `newest` the highest number of all.
    `format` is the newest in which a run was written there (0: none).
    `hold` is one whose time is not over by the host's clock.
    """

    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    facts: Facts = Facts()
    intents: tuple[Intent, ...] = ()
    last: Run | None = None
    applied: Mapping[str, Sha] = field(default_factory=dict)
    staged: Mapping[str, frozenset[Sha]] = field(default_factory=dict)
    base: Mapping[str, bytes] = field(default_factory=dict)
    since: int = 0
    since_of: Mapping[str, int] = field(default_factory=dict)
    """The run that last looked at a path itself, where a later one only carried on what was recorded of it."""
    given_back: frozenset[str] = frozenset()
    """Paths that a removal left as they were before the first deploy: what is there is not ours any more."""
    secret_fingerprints: SecretFingerprints = SecretFingerprints()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    format: int = 0
    hold: Hold | None = None
    newest: int = 0
    in_gitlab: Managed = field(default_factory=dict)
    """What the last run that ended well had on record as managed in GitLab, be it on the host still or not."""
    paused: tuple[PauseRecord, ...] = ()
    """Runners that runs had paused in GitLab and that nobody has unpaused since."""

    @property
    def next_run(self) -> int:
        """The number that a run would get."""
        return max(self.newest, self.last.number if self.last else 0) + 1

    def file(self, path: str) -> RemoteFile:
        """The file at `path`; absent where nothing was observed there."""
        return self.files.get(path) or RemoteFile(path)

    def holds_ours(self, path: str) -> bool:
        """Whether what a run of ours brought to `path` is, or was, to stay there."""
        return self.applied.get(path, ABSENT) != ABSENT and path not in self.given_back

    def intent_for(self, service: ServiceName) -> Intent | None:
        """What is on record as unfinished for `service`."""
        return next((intent for intent in self.intents if intent.service is service), None)
