"""What an observation tells of the managed systems on a host: units, containers, versions, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from runnerops.frozen import frozen


@frozen
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


@frozen
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


@frozen
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


@frozen
class DataRoot:
    """A path that may be a data-root: its real path, and the storage drivers whose state was found there."""

    real: str
    drivers: tuple[str, ...] = ()


@frozen
class Client:
    """Who observed, as the host's sshd has it (`SSH_CONNECTION`): its `address`, and the `server` and `port` that it used.

    `device` and `source` are how the host answers it. All are empty where the host does not tell.
    """

    address: str = ""
    server: str = ""
    port: str = ""
    device: str = ""
    source: str = ""


@frozen
class HostsFile:
    """A `hosts.toml` of Docker Hub, or of any registry, below /etc/docker/certs.d, and the hosts that it names.

    Docker 28 and newer read it for images in containerd's store, before registry-mirrors (moby's `daemon/hosts.go`).
    """

    path: str
    hosts: tuple[str, ...]


@frozen
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
    selinux: bool | None = None
    """Whether SELinux is on in the host's kernel; asked where the file makes dockerd use it."""


@frozen
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


@frozen
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


@frozen
class RunnerFacts:
    """gitlab-runner on the host. `unmanaged_runners` are beside the unit and cannot be drained (a container, another process).

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


@frozen
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
    unseen: tuple[str, ...] = ()
    """What the host was asked and did not tell in time."""
