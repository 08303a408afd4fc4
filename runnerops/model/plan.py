"""A plan: what changes on a host, which actions follow, what blocks them, and what the rules found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from runnerops.codes.blockers import BLOCKERS
from runnerops.frozen import frozen
from runnerops.model.common import KEEP_RUNS, Key, ServiceName, Sha, SourceLocation, Tree, Value, Verb, key_label
from runnerops.model.facts import Job
from runnerops.model.gitlab import Managed, Pausing, SettingsUpdate, Unpaired
from runnerops.model.host_state import RemoteFile, SecretFingerprints
from runnerops.model.inventory import RenderedFile, Requester
from runnerops.model.steps import Step, drains

ChangeOrigin: TypeAlias = Literal["inventory", "host", "runner", "both", "unmanaged"]
"""Who made a difference: the inventory; somebody who edited the host since our last run (`host`), or the managed system
itself (`runner`); both; or `unmanaged` for a file from before the first deploy.
"""


@frozen
class KeyChange:
    """One key whose meaning differs. None: the key is missing. Values may be secret, so print them only through
    `redact`.

    `name` is that of the runner, or of another list item, that the key belongs to.
    """

    key: Key
    old: Value
    new: Value
    origin: ChangeOrigin = "inventory"
    name: str = ""

    @property
    def label(self) -> str:
        """The key in the form for people."""
        return key_label(self.key, self.name)


@frozen
class Drift:
    """The file on the host differs from what run number `run` left. `at` is when it was written (epoch seconds, 0: it
    is gone), `by` who did.
    """

    run: int
    at: int
    by: Literal["hand", "runner"]


@frozen
class Change:
    """A managed file that differs in bytes, mode or owner. `key_changes` is empty if only layout, mode or owner differ.

    `origin` sums up the origins of the key changes. `drift` is None if the file is as a run left it, or unmanaged.
    """

    old: RemoteFile
    new: RenderedFile
    key_changes: tuple[KeyChange, ...] = ()
    origin: ChangeOrigin = "inventory"
    drift: Drift | None = None


@frozen
class Action:
    """What a service does so that its changes take effect.

    `because` has the keys or words that made the action necessary. `jobs_lost` is the number of CI jobs that it ends,
    and `jobs_waited` that of the jobs whose end it waits for first. `requires_stopped` are services that must be
    stopped meanwhile. For a registry, `names` are the caches that it touches (none: all), and `used_by` the hosts that
    have one of them among their mirrors. `containers` are the running ones, by what a restart of Docker does to them:
    `keep_running`, `come_back`, `end`, `vanish` (they stay behind in the former image store), and `jobs` for those of
    CI jobs. `operation` is the action's name for people if it is not its verb: `start`, `remove`, `recreate`.
    `after_docker_restart`: Docker restarts under this service. `ends_with_docker`: a container of the service then
    ends. `new_store`: Docker starts without its former images and containers. `ways` are changed keys that decide which
    packets of containers pass.
    """

    service: ServiceName
    verb: Verb
    because: tuple[str, ...] = ()
    jobs_lost: int = 0
    requires_stopped: frozenset[ServiceName] = frozenset()
    names: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    jobs_waited: int = 0
    containers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    operation: str = ""
    after_docker_restart: bool = False
    ends_with_docker: bool = False
    new_store: bool = False
    ways: frozenset[str] = frozenset()
    jobs: tuple[Job, ...] = ()
    """The jobs that the action waits for or ends."""

    @property
    def shown(self) -> str:
        """The name of the action for people."""
        return self.operation or self.verb.name.lower()


@frozen
class Blocker:
    """A safety check that blocks a deploy. `code` is in `codes/blockers.py`, which says what overrides it.

    `only_here`: the blocker is about the machine or job that runs this command. From elsewhere the same deploy would not be
    blocked.
    """

    code: str
    message: str
    details: tuple[str, ...] = ()
    only_here: bool = False

    @property
    def overridable(self) -> bool:
        """Whether a flag overrides the blocker."""
        return BLOCKERS[self.code].overridable


@frozen
class Removal:
    """A service as it was before the first run: its section, its files, what blocks the way back to them, and notes.

    `recorded` has, for a file in which others have written, the content to record as applied: the file without their
    part.
    """

    section: Tree
    desired: tuple[RenderedFile, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    recorded: Mapping[str, bytes | None] = field(default_factory=dict)


@frozen
class Finding:
    """What a rule found. Only the severity `error` stops a deploy. `path` is that of the managed file, `key` the place
    in it, and `name` that of the runner, or of another list item, that it belongs to. `ignored` is the inventory's
    reason for silencing the finding, which makes it an info.
    """

    rule: str
    severity: Literal["error", "warning", "info"]
    path: str
    key: Key
    message: str
    fix: str = ""
    location: SourceLocation | None = None
    name: str = ""
    ignored: str = ""

    @property
    def label(self) -> str:
        """The key in the form for people."""
        return key_label(self.key, self.name)


@frozen
class Plan:
    """Everything that apply will do. A plan without `forward` steps is empty. `blockers` are not overridden;
    `overridden` are.

    `files` is the payload (`new.1`, `old.1` …). The run records `applied` (the sha of each path), `contents` (which
    file of the payload has its content), `recorded` (the paths that this run itself looked at; others are carried on
    from the run before) and `secret_fingerprints`. `after` has the hosts whose caches this one uses, and `needs` those
    of them that it did not use before. `digest` is that of what is rendered, not of what the host had. `overrides` has
    the steps before the first phase that a code of `--allow` leaves out. `change_name` is the name of a difference that this
    plan asks for.
    """

    host: str
    run: int
    requester: Requester
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    forward: tuple[Step, ...] = ()
    rollback: tuple[Step, ...] = ()
    diagnostics: tuple[Step, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    applied: Mapping[str, Sha] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    recorded: frozenset[str] = frozenset()
    secret_fingerprints: SecretFingerprints = field(default_factory=SecretFingerprints)
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    blockers: tuple[Blocker, ...] = ()
    overridden: tuple[Blocker, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    after: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    overrides: Mapping[Step, str] = field(default_factory=dict)
    digest: str = ""
    keep_runs: int = KEEP_RUNS
    heeds_hold: bool = True
    """Whether a hold that was put on the host after the observation prevents the run."""
    relies_on: tuple[str, ...] = ()
    """Records on the host (`CreationRecord.name`) about what was created in GitLab for this run. Without them the run does not
    begin.
    """
    command: str = "deploy"
    clock: int = 0
    """The host's clock during the observation, in epoch seconds."""
    updates: tuple[SettingsUpdate, ...] = ()
    """What the client sets in GitLab after the host's run has ended well, or at once if there is nothing to run."""
    unpaired: Unpaired = field(default_factory=Unpaired)
    """What the client creates in GitLab before the host's run (the plan has a placeholder for each token), and what it
    deletes there after the run has ended well.
    """
    in_gitlab: Managed = field(default_factory=dict)
    """What the run records as managed in GitLab: what is there, and what is still to be deleted."""
    pausing: Pausing = field(default_factory=Pausing)
    """What the client pauses in GitLab before the host's run, and unpauses after it."""
    change_name: str = "your change"
    part: Literal["", "first", "rest"] = ""
    """For a command that needs two runs: the host is planned again after the first run. The user has agreed to both."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """The inventory's reasons for overriding blockers, by code."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Lines that no output of this host's run may contain: the secrets in its files, not those of other hosts."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do and nothing to record on the host."""
        return not self.forward

    @property
    def tells_gitlab(self) -> bool:
        """Whether something is to be done in GitLab."""
        of_one_side = (
            *self.unpaired.creations,
            *self.unpaired.leftovers,
            *self.unpaired.deletions,
            *self.unpaired.begun,
        )
        return bool(self.updates or of_one_side or self.pausing.left_paused)

    @property
    def drains(self) -> bool:
        """Whether its run waits for running jobs."""
        return any(map(drains, self.forward))

    @property
    def disturbs(self) -> bool:
        """Whether a service restarts, which CI jobs notice."""
        return any(action.verb is Verb.RESTART for action in self.actions)
