"""The hosts and caches of an inventory, what the command line lets a run do, and files as they are rendered."""

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

    `serves` is the registry whose images it holds (`docker.io`), and `upstream` is where it gets them. `local`: `url` has
    a bridge or loopback address, so only `host` itself reaches it. `use`: false keeps it out of every mirror list.
    `address` is the address of the cache if `url` has a name; empty if the inventory does not tell.
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
    """How to reach a host. Values that are None come from ssh_config. `sudo` None: only if the user is not root.

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
    """A foreign container that a run stopped because a cache took its place. `restart` is its former restart policy."""

    run: int
    id: str
    restart: str
    name: str


@frozen
class Maintenance:
    """Why a host is to be left out, and until when (epoch seconds; 0: without an end)."""

    reason: str
    until: int = 0


@frozen
class Host:
    """One host of the inventory, merged and with defaults filled in.

    `sections` hold the keys of the managed systems as the templates see them: our own keys `on_change` and `keep` are
    removed, `registry-mirrors` is filled in if it was left out, and every cache has all its fields. `caches` are all
    that this host can use, its own first. `locations` has the place of every value that the inventory wrote, under
    `(section, *key)` as in `sections`, such as `("gitlab_runner", "runners", 0, "token")`, and of `("address",)`. A
    value that was filled in has no place.
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
    """Codes of blockers that the inventory overrides on this host, each with its reason."""
    clients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each cache on this host, the hosts that have it among their mirrors. Planning fills this in."""
    keep_runs: int = KEEP_RUNS
    stopped: frozenset[ServiceName] = frozenset()
    """Services that must stay stopped."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The old names of runners, if the inventory has them (`was`), by the new names."""
    before: Mapping[ServiceName, Tree] = field(default_factory=dict, repr=False)
    """Only in a rollback by hand: what the file of a service contained then, including the managed system's own values.
    When a removal looks at the host: the sections from before the first run.
    """
    content_before: Mapping[ServiceName, bytes] = field(default_factory=dict, repr=False)
    """The bytes of `before`."""
    removed: frozenset[ServiceName] = frozenset()
    """Services that `remove` takes off the host. Their sections are those from before the first run."""
    gitlab: GitlabAccess | None = None
    """The GitLab that is asked for the status of the host's runners; None: no GitLab is asked."""
    gitlab_settings: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    """The settings that runners shall have in GitLab, by name. Runners without such settings are left out."""
    gitlab_places: Mapping[str, Place] = field(default_factory=dict)
    """Where a deploy creates runners that have no token, by their names. Empty if it creates none."""
    created: Mapping[str, Created] = field(default_factory=dict, repr=False)
    """Runners that this deploy has created, by name."""
    lost: frozenset[str] = frozenset()
    """Runners of `gitlab_places` that somebody deleted in GitLab, so that the token on the host is useless."""
    maintenance: Maintenance | None = None
    displaced: tuple[Displaced, ...] = ()
    """Only in a rollback by hand and a removal: containers whose place caches have taken since."""
    returned: frozenset[str] = frozenset()
    """Only in a rollback by hand: ids of such containers that a run which is now undone has started again."""
    left_out: frozenset[ServiceName] = frozenset()
    """Services that `--only` excludes from the deploy, whether they are in the inventory or not. They have no section
    here, and are not changed.
    """

    def location(self, service: ServiceName, key: Key) -> SourceLocation | None:
        """The place of `key`, or of the nearest value around it that the inventory wrote."""
        full_key: Key = (service.value, *key)
        while full_key:
            if location := self.locations.get(full_key):
                return location
            full_key = full_key[:-1]
        return None


@frozen
class Inventory:
    """All hosts in the order of the files. `groups` has the names of each group's hosts, in the same order.

    `path` is its name in messages. `folder` holds what is *beside the inventory*: `templates`, `known_hosts`, `.env`.
    `templates` are the texts of templates by name, if their files are going to hold other texts than now.
    """

    path: str
    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]
    folder: Path = Path()
    rollout: Rollout = USUAL
    templates: Mapping[str, str] = field(default_factory=dict)


@frozen
class CiJob:
    """The GitLab job in which this process runs, from its predefined variables. `runner_id` 0: unknown.

    `short_token` is the beginning of its runner's token.
    """

    id: str
    server_url: str = ""
    runner_id: int = 0
    short_token: str = ""


@frozen
class Policy:
    """What a run may do on one host. Times are in seconds. `allow` has the codes of blockers that are overridden.

    `job` is the CI job that asked for the run, which must not end it; None outside of GitLab. `volumes`: volumes of
    removed caches are removed too.
    """

    allow: frozenset[str] = frozenset()
    kill_jobs: bool = False
    drain_s: int = 7200
    verify_s: int = 60
    job: CiJob | None = None
    volumes: bool = False


@frozen
class Requester:
    """Who asked for a run, and from where. `commit` and `pipeline` (a URL) are empty outside of a repository or a
    pipeline. `command_id` is random, and the same for all runs that one command begins.
    """

    user: str
    machine: str
    commit: str = ""
    pipeline: str = ""
    command_id: str = ""


@frozen
class Restored:
    """Files of a service as if an inventory asked for them: the section, the rendered files, and the caches in them.

    `notes` are sentences about what is not asked for again. `before` is what the files contained in full, for keys that
    the host has lost since. `content` has their bytes.
    """

    section: Tree
    rendered: tuple[RenderedFile, ...] = ()
    caches: tuple[Cache, ...] = ()
    notes: tuple[str, ...] = ()
    before: Tree = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)


@frozen
class Original:
    """What was at a path before the first run. `content` None: no file. `mode` and `owner` are empty if they were not
    kept.

    `folder` is the topmost folder of the path that did not exist either; empty if the folder of the file existed.
    """

    content: bytes | None
    mode: str = ""
    owner: str = ""
    folder: str = ""


Format: TypeAlias = Literal["json", "yaml", "toml"]


@frozen
class FileSpec:
    """A managed file. `name` tells files of one kind apart (the cache of a registry config). `mode` is in octal digits.

    `owner` is `user:group`. `reconcile` keeps the owner of a host's file, and only ever narrows its mode.
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
    """What a file should contain. `content` None: the file must not exist."""

    spec: FileSpec
    content: bytes | None

    def at(self, path: str) -> RenderedFile:
        """The same file at the path that its daemon really reads."""
        return replace(self, spec=replace(self.spec, path=path))
