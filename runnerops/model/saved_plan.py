"""A plan as `diff --save-plan` writes it: names and digests of what would be done, no contents, no secrets."""

from __future__ import annotations

from dataclasses import dataclass, field

from runnerops.model.common import ServiceName
from runnerops.model.inventory import Requester

PLAN_FORMAT = "runnerops plan"
PLAN_VERSION = 1
"""The format of the file. It is increased when an older release could misread a newer one's file."""


@dataclass(frozen=True, slots=True)
class SavedKey:
    """A key that changes. `old` and `new` are digests of its values; `report/saved_plan.py` says of what exactly."""

    key: str
    origin: str
    old: str
    new: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A managed file that changes. `state` is what `diff` shows; `by` is who wrote it since the last run (`hand`,
    `runner`).
    """

    path: str
    state: str
    origin: str
    by: str = ""
    keys: tuple[SavedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedUpdate:
    """Settings of a runner that are changed in GitLab. `keys` are those below `gitlab` in the inventory."""

    runner: str
    id: int
    keys: tuple[SavedKey, ...]


@dataclass(frozen=True, slots=True)
class SavedCreation:
    """A runner that is created in GitLab. `place` is what `diff` shows, and `keys` are its settings there."""

    runner: str
    place: str
    keys: tuple[SavedKey, ...]


@dataclass(frozen=True, slots=True)
class SavedAction:
    """The action of a service. What it costs in jobs is left out, because that changes by the minute."""

    service: str
    verb: str
    operation: str
    because: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedBlocker:
    """A blocker, with what it is about."""

    code: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedRun:
    """The host's last run when the plan was made: its number (0: none) and its result (empty: it was under way)."""

    number: int = 0
    end: str = ""


@dataclass(frozen=True, slots=True)
class SavedHost:
    """The plan of one host. `machine` is a digest of its machine-id.

    `keyed`: the digests of values are made with a key that only the host keeps. Before its first run there is no key,
    and secrets are left out of the digests. `rendered` is the digest of everything that the inventory and the templates
    ask for. `forward` and `rollback` are steps, as verb and title.
    """

    host: str
    machine: str
    keyed: bool
    rendered: str
    last_run: SavedRun = SavedRun()
    files: tuple[SavedFile, ...] = ()
    actions: tuple[SavedAction, ...] = ()
    blockers: tuple[SavedBlocker, ...] = ()
    overridden: tuple[SavedBlocker, ...] = ()
    forward: tuple[tuple[str, str], ...] = ()
    rollback: tuple[tuple[str, str], ...] = ()
    updates: tuple[SavedUpdate, ...] = ()
    creations: tuple[SavedCreation, ...] = ()
    leftovers: tuple[int, ...] = ()
    """GitLab's ids of runners that are deleted there because a deploy that was cut off left them."""
    deletions: tuple[int, ...] = ()
    """GitLab's ids of runners that are deleted there because they are no longer in the inventory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """The whole file. `created_at` is in epoch seconds. `inventory` is relative to the repository's root.

    The plan fixes these flags: `allow` has the hosts for each allowed code (`""`: all), `kill_jobs` says whether jobs
    may be ended, and `only` has the services that are planned (none: all).
    """

    format: str = PLAN_FORMAT
    version: int = PLAN_VERSION
    runnerops: str
    created_at: int
    requested_by: Requester
    inventory: str
    allow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kill_jobs: bool = False
    only: tuple[ServiceName, ...] = ()
    hosts: tuple[SavedHost, ...]
