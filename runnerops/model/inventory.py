"""An inventory's hosts and caches, what the command line allows a run, and files as they render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import KEEP_RUNS, Key, Secret, ServiceName, SourceLocation, Tree
from runnerops.model.gitlab import Created, GitlabAccess, Place, Setting
from runnerops.model.rollout import USUAL, Rollout


@frozen
class Cache:
    """A pull-through cache as its clients see it.

    `serves` is the registry whose images it holds (`docker.io`), `upstream` where it gets them.
    `local`: `url` is on a bridge or loopback address, so only `host` itself reaches it.
    `use`: false keeps it out of every mirror list. `address`: where it is, should `url` be a name; empty where the inventory
    does not tell.
    """

    name: str
    host: str
    upstream: str
    serves: str
    url: str
    local: bool
    use: bool = True
    address: str = ""


@frozen
class Ssh:
    """How to reach a host; what is None comes from ssh_config. `sudo` None: when the user is not root.

    `sudo_password` None: that of the command line or the environment, if any.
    """

    user: str | None = None
    port: int | None = None
    key: str | None = None
    gateway: str | None = None
    sudo: bool | None = None
    sudo_password: str | Secret | None = field(default=None, repr=False)


@frozen
class Displaced:
    """A container of somebody else's that a run stopped, for a cache took its place. `restart` is the policy that it had."""

    run: int
    id: str
    restart: str
    name: str


@frozen
class Maintenance:
    """Why a host is to be left out, and until when (epoch seconds; 0: it has no end)."""

    reason: str
    until: int = 0


@frozen
class Host:
    """One host of the inventory, merged and with defaults filled in.

    `sections` hold the managed systems' own keys as the templates see them: our own keys `on_change` and `keep` are taken
    out, `registry-mirrors` is filled in where it was left out, and every cache has all its fields. `caches` are all that
    this host can use, its own first. `locations` has the place of every value that the inventory wrote, under
    `(section, *key)` as in `sections`, e.g. `("gitlab_runner", "runners", 0, "token")`, and of `("address",)`; a value that
    was filled in has none.
    """

    name: str
    address: str
    groups: tuple[str, ...] = ()
    ssh: Ssh = Ssh()
    sections: Mapping[ServiceName, Tree] = field(default_factory=dict)
    caches: tuple[Cache, ...] = ()
    vars: Tree = field(default_factory=dict)
    locations: Mapping[Key, SourceLocation] = field(default_factory=dict)
    always_restart: frozenset[ServiceName] = frozenset()
    keep: Mapping[ServiceName, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)
    allow: Mapping[str, str] = field(default_factory=dict)
    """Codes of blockers that the inventory overrides on this host, each with the reason it gives."""
    clients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each cache that runs here, the hosts that have it among their mirrors. Planning fills it in."""
    keep_runs: int = KEEP_RUNS
    stopped: frozenset[ServiceName] = frozenset()
    """Services that are to be kept stopped."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The old name of each runner for which the inventory has one (`was`)."""
    before: Mapping[ServiceName, Tree] = field(default_factory=dict, repr=False)
    """Only in a rollback by hand: what a service's file held then, with all that the managed system owns. In a removal's
    look at the host: the sections of before the first run.
    """
    content_before: Mapping[ServiceName, bytes] = field(default_factory=dict, repr=False)
    """The bytes of `before`."""
    removed: frozenset[ServiceName] = frozenset()
    """Services that `remove` takes off the host; their section is that of the time before the first run."""
    gitlab: GitlabAccess | None = None
    """The GitLab that is asked how the host's runners stand there; None: none is."""
    gitlab_settings: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    """What runners are to have in GitLab, by the runner's name; those that say nothing of it are not there."""
    gitlab_places: Mapping[str, Place] = field(default_factory=dict)
    """Where a deploy creates runners, by their names, that have no token; empty for what creates none."""
    created: Mapping[str, Created] = field(default_factory=dict, repr=False)
    """Runners that this very deploy has created, by name."""
    lost: frozenset[str] = frozenset()
    """Of `gitlab_places` those that somebody deleted in GitLab: the token that the host has is worth nothing."""
    maintenance: Maintenance | None = None
    displaced: tuple[Displaced, ...] = ()
    """Only in a rollback by hand and a removal: containers that caches took the place of since."""
    returned: frozenset[str] = frozenset()
    """Only in a rollback by hand: ids of such containers that a run which is undone has started again."""
    left_out: frozenset[ServiceName] = frozenset()
    """Services that `--only` leaves out of the deploy, whether the inventory gives it them or not: here they have no
    section, and stay as they are.
    """

    def location(self, service: ServiceName, key: Key) -> SourceLocation | None:
        """The place of `key`, or of the nearest value around it that the inventory wrote."""
        whole: Key = (service.value, *key)
        while whole:
            if found := self.locations.get(whole):
                return found
            whole = whole[:-1]
        return None


@frozen
class Inventory:
    """All hosts in the order of the files; `groups` names the hosts of each group, in the same order.

    `path` is what a message calls it. `folder` is what lies *beside the inventory*: `templates`, `known_hosts`, `.env`.
    `templates` are texts of those by name, where files are going to hold others than they do.
    """

    path: str
    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]
    folder: Path = Path()
    rollout: Rollout = USUAL
    templates: Mapping[str, str] = field(default_factory=dict)


@frozen
class CiJob:
    """The GitLab job that this very process runs in, as its predefined variables say; `runner_id` 0: not told.

    `short_token` is the beginning of its runner's token.
    """

    id: str
    server_url: str = ""
    runner_id: int = 0
    short_token: str = ""


@frozen
class Policy:
    """What a run may do on one host. Times are in seconds; `allow` has the codes of blockers that are overridden there.

    `job` is the CI job that asked for the run, which must not end it; None outside of GitLab. `volumes`: the volumes of caches
    that are removed go with them.
    """

    allow: frozenset[str] = frozenset()
    kill_jobs: bool = False
    drain_s: int = 7200
    verify_s: int = 60
    job: CiJob | None = None
    volumes: bool = False


@frozen
class Requester:
    """Who asked for a run, and from where. `commit` and `pipeline` (a URL) are empty outside of a repository or a pipeline."""

    user: str
    machine: str
    commit: str = ""
    pipeline: str = ""


@frozen
class Restored:
    """Files of a service as if an inventory asked for them: the section, the rendered files, the caches that they bring up.

    `notes` say, a sentence each, what of the files is not asked for again. `before` is what they held in full, for keys that
    the host has lost since; `content` has its bytes.
    """

    section: Tree
    rendered: tuple[RenderedFile, ...] = ()
    caches: tuple[Cache, ...] = ()
    notes: tuple[str, ...] = ()
    before: Tree = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)


@frozen
class Original:
    """What was at a path before the first run; `content` None: no file. `mode` and `owner` are empty where they were not kept.

    `folder` is the topmost folder of the path that was not there either; empty where the file's folder was there.
    """

    content: bytes | None
    mode: str = ""
    owner: str = ""
    folder: str = ""


Format: TypeAlias = Literal["json", "yaml", "toml"]


@frozen
class FileSpec:
    """A managed file. `name` tells files of one kind apart (the cache of a registry config), `mode` is octal digits.

    `owner` is `user:group`. A mode that a host's file has is only ever narrowed, its owner is kept (`reconcile`).
    """

    service: ServiceName
    path: str
    template: str
    format: Format
    mode: str = "0644"
    owner: str = "root:root"
    name: str = ""


@frozen
class RenderedFile:
    """What a file should hold; `content` None: it must not exist."""

    spec: FileSpec
    content: bytes | None

    def at(self, path: str) -> RenderedFile:
        """The same file at the path that its daemon really reads."""
        return replace(self, spec=replace(self.spec, path=path))
