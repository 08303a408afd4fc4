"""What an observation says about the managed systems on a host: units, containers, versions, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from runnerops.frozen import frozen


@frozen
class Unit:
    """A systemd unit. `active` is its ActiveState. `pid` is 0 if it has no main process.

    `argv` is that of the main process (from /proc), or else the unit's ExecStart. `invocation` is the InvocationID.
    `enabled` is the UnitFileState (`enabled`, `disabled`, `static` …), or empty if unknown.
    """

    name: str
    active: str
    pid: int = 0
    invocation: str = ""
    argv: tuple[str, ...] = ()
    enabled: str = ""

    @property
    def stays_down(self) -> str:
        """Why the unit does not start at boot, in one word; empty if it does, or if that is unknown."""
        return self.enabled if self.enabled.removesuffix("-runtime") in {"disabled", "masked"} else ""


@frozen
class Container:
    """A container, running or not. `ports` are published as `ADDRESS:PORT` (address empty: all addresses).

    `restart` is the name of the restart policy. `labels` are those of Docker. `mounts` has, by the path in the
    container, the name of a volume or the path of a folder or file on the host; None if unknown. With `auto_remove`,
    the container is removed when it stops, together with its volumes without a name.
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
    """Where a running Docker daemon keeps its images, containers and volumes, according to the daemon.

    `root` is the real path of its data-root, without the folder of a user namespace. `driver` is the storage driver or
    snapshotter (`overlay2`, `overlayfs`). `containerd`: images are in the store of containerd. `remapped`: containers
    have user namespaces. `embedded`: containerd runs inside the daemon.
    """

    root: str
    driver: str
    containerd: bool = False
    remapped: bool = False
    embedded: bool = False


@frozen
class DataRoot:
    """A path that may be a data-root: its real path, and the storage drivers whose state was found below it."""

    real: str
    drivers: tuple[str, ...] = ()


@frozen
class Client:
    """The machine that observed, as the host's sshd sees it (`SSH_CONNECTION`): its `address`, and the `server` and
    `port` it used.

    `device` and `source` are those with which the host replies to it. All are empty if unknown.
    """

    address: str = ""
    server: str = ""
    port: str = ""
    device: str = ""
    source: str = ""


@frozen
class HostsFile:
    """A `hosts.toml` for Docker Hub, or for any registry, below /etc/docker/certs.d, and the hosts that it names.

    Docker 28 and newer use it for images in the store of containerd, in preference to registry-mirrors (moby's
    `daemon/hosts.go`).
    """

    path: str
    hosts: tuple[str, ...]


@frozen
class DockerFacts:
    """The Docker daemon. If it does not answer, `version` is empty and the loaded values are None.

    `mirrors` and `live_restore` are what the daemon has loaded, not what the file says. `bridge` is the address of the
    default bridge, and `bridge_prefix` the length of its network prefix. `flavour` is `engine`, or a kind that is
    refused: `rootless`, `snap`, `podman`. `store` is None if the daemon does not answer. `roots` has the paths that
    were looked at, by the name with which a daemon is given them. `routes` are networks (CIDR) that the host reaches
    over devices other than Docker's, by device name. `resolvers` are its name servers. `plugins` are the names of log
    drivers, () if unknown. `listeners` has the process that listens on a TCP `ADDRESS:PORT`. It is only asked for if
    the file makes dockerd listen.
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
    """Whether SELinux is enabled in the host's kernel. It is only asked for if the file makes dockerd use it."""


@frozen
class RegistryFacts:
    """What the host says about caches. `compose` is the start of the argv (`docker compose` or `docker-compose`), ()
    without Compose.

    `answers` has, for each URL asked from the host, whether `/v2/` answered. `upstreams` has, by cache name,
    whether the upstream answered (absent: not asked). `listeners` has the process that listens on a TCP
    `ADDRESS:PORT`, if the host can tell; it is only asked for if a cache may have to be started. `version` is the
    registry's version in the inventory, for an image whose tag has none. `volumes` are those that Compose made for
    our caches; they are only listed if the caches are to be removed.
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
    """A running CI job. `id` is GitLab's, or empty if only a process or a count shows the job.

    `drains`: the runner with the job is this host's unit, and ends no sooner than the job. `name`, `project` (its
    path), `runner` (its description) and `started_at` (epoch seconds of GitLab's clock, 0: unknown) come from GitLab.
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
    """gitlab-runner on the host. `unmanaged_runners` run beside the unit and cannot be drained (a container, another
    process).

    `wrapper` is the name of the unit's main process if that is another program, which runs gitlab-runner and does not
    pass signals on to it; empty otherwise.
    `returning`: it drains for an earlier run, and will be started automatically after its last job. `system_id` is in
    the labels of its containers. `job_ids` are GitLab's ids, from every process on the host that has one in its
    environment.
    """

    unit: Unit
    version: str = ""
    jobs: tuple[Job, ...] = ()
    unmanaged_runners: tuple[str, ...] = ()
    returning: bool = False
    system_id: str = ""
    job_ids: frozenset[str] = frozenset()
    wrapper: str = ""

    @property
    def lives(self) -> bool:
        """Whether it accepts jobs, or soon will without a deploy. A unit that is `activating` has no main process, and
        does not.
        """
        return self.unit.active == "active" or self.returning

    @property
    def ending(self) -> bool:
        """Whether systemd is stopping it. A unit with `KillSignal=SIGQUIT` is in this state until its last job ends."""
        return self.unit.active == "deactivating"

    @property
    def may_have_jobs(self) -> bool:
        """Whether it must be waited for before Docker restarts, or before it is started again."""
        return self.lives or self.ending

    @property
    def comes_back(self) -> bool:
        """Whether systemd is about to start it again, for example in the 120 s after a process of the packaged unit has
        ended. It would take jobs in the middle of a run.
        """
        return self.unit.active == "activating"

    @property
    def draining(self) -> tuple[Job, ...]:
        """The jobs that it waits for when it is told to end."""
        return tuple(job for job in self.jobs if job.drains)


@frozen
class Facts:
    """What planning has to know about a host. The facts of a service are None if it is not there, or (in `check`) not
    known.

    `tools` are the commands found on the host, of those that a deploy may use. `addresses` are the host's own.
    `machine` is its /etc/machine-id, and `boot` the id of its boot; both are empty if unknown.
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
    """The questions that the host did not answer in time."""
