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
"""Whose a difference is: the inventory's; an edit on the host since our last run, or the managed system's own writing
there (`runner`); both; or `unmanaged`, of a file from before the first deploy."""


@frozen
class KeyChange:
    """One key whose meaning differs; None where it is missing. Values may be secret: print through `redact` only.

    `name`: that of the runner, or of another item of a list, that it belongs to.
    """

    key: Key
    old: Value
    new: Value
    origin: ChangeOrigin = "inventory"
    name: str = ""

    @property
    def label(self) -> str:
        """The key as people read it."""
        return key_label(self.key, self.name)


@frozen
class Drift:
    """The host's file is not what our run number `run` left: when it was written (epoch seconds, 0: it is gone), by whom."""

    run: int
    at: int
    by: Literal["hand", "runner"]


@frozen
class Change:
    """A managed file that differs in bytes, mode or owner. `key_changes` is empty when only layout, mode or owner do.

    `origin` sums up those of the key changes. `drift` is None where the file on the host is what a run left, or unmanaged.
    """

    old: RemoteFile
    new: RenderedFile
    key_changes: tuple[KeyChange, ...] = ()
    origin: ChangeOrigin = "inventory"
    drift: Drift | None = None


@frozen
class Action:
    """What a service does for its changes to take effect.

    `because` has the keys or words that made it necessary, `jobs_lost` the number of CI jobs that it ends, `jobs_waited` of
    those whose end it waits for first. `requires_stopped` are services that must be stopped meanwhile. `names` are, for a
    registry, the caches that it touches (none: all), and `used_by` the hosts that have one of them among their mirrors.
    `containers` are the running ones by what a restart of Docker does to them: `keep_running`, `come_back`, `end`, `vanish`
    (another image store leaves them behind), and `jobs` for those of CI jobs. `operation` is what people call the action
    where that is not its verb: `start`, `remove`, `recreate`. `after_docker_restart`: Docker restarts under this service;
    `ends_with_docker`: a container of it ends then; `new_store`: Docker comes up without its former images and containers.
    `ways` are changed keys that decide which packets of containers pass.
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
    """Those that it waits for or ends."""

    @property
    def shown(self) -> str:
        """The word for what it does, as people read it."""
        return self.operation or self.verb.name.lower()


@frozen
class Blocker:
    """A safety check that blocks a deploy. `code` is a row of `codes/blockers.py`, which tells what overrides it.

    `here`: the blocker is about the machine or job that this command runs in; from elsewhere the same deploy would go on.
    """

    code: str
    message: str
    details: tuple[str, ...] = ()
    here: bool = False

    @property
    def overridable(self) -> bool:
        """Whether a flag lets the deploy go on."""
        return BLOCKERS[self.code].overridable


@frozen
class Removal:
    """A service as it was before the first run: its section and its files, what blocks going back to them, and notes.

    `recorded` has what to record as applied of a file in which others have written: it without their part.
    """

    section: Tree
    desired: tuple[RenderedFile, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    recorded: Mapping[str, bytes | None] = field(default_factory=dict)


@frozen
class Finding:
    """What a rule found. Only severity `error` stops a deploy. `path` is the managed file's, `key` the place in it, `name` that
    of the runner, or of another item of a list, that it belongs to. `ignored`: why the inventory
    silences it, which makes it an info.
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
        """The key as people read it."""
        return key_label(self.key, self.name)


@frozen
class Plan:
    """All that apply will do. An empty plan has no `forward` steps. `blockers` are those not overridden, `overridden` the rest.

    `files` is the payload (`new.1`, `old.1` …). To record: `applied`, the sha per path, `contents`, where in the payload its
    content is, `recorded`, the paths that this run itself looks at (those of others are carried on from the run before), and
    `secret_fingerprints`. `after` has the hosts whose caches this one uses, `needs` those of them that it
    would newly use. `digest` is over what is rendered, not over what the host had. `overrides` has the steps before the first
    phase that a code of `--allow` leaves out. `mine` is what a difference is called that this plan asks for.
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
    """Whether a hold that is put on the host after it was looked at keeps the run off."""
    relies_on: tuple[str, ...] = ()
    """Records on the host (`Begun.name`) of what was created in GitLab for this run; without them it does not begin."""
    command: str = "deploy"
    clock: int = 0
    """The host's, as it was looked at, in epoch seconds."""
    updates: tuple[SettingsUpdate, ...] = ()
    """What the client sets in GitLab once the host's run has ended well, or without one where there is nothing to run."""
    unpaired: Unpaired = field(default_factory=Unpaired)
    """What the client creates in GitLab before the host's run (where each one's token goes the plan has a stand-in), and what
    it deletes there once that has ended well."""
    in_gitlab: Managed = field(default_factory=dict)
    """What the run records as managed in GitLab: what is there, and what is still to be deleted there."""
    pausing: Pausing = field(default_factory=Pausing)
    """What the client pauses in GitLab before the host's run, and unpauses after it."""
    mine: str = "your change"
    part: Literal["", "first", "rest"] = ""
    """Of a command that needs two runs: after the first the host is planned anew, and the rest was agreed to with it."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why the inventory overrides a blocker, by code."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Lines that no output of this host's run may hold: secrets that stand in its own files, and no other host's."""

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing to record on the host."""
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
        return bool(self.updates or of_one_side or self.pausing.left)

    @property
    def drains(self) -> bool:
        """Whether its run waits for running jobs."""
        return any(map(drains, self.forward))

    @property
    def disturbs(self) -> bool:
        """Whether a service restarts, which CI jobs notice."""
        return any(action.verb is Verb.RESTART for action in self.actions)
