"""A plan as `diff --save-plan` writes it down: what would be done, as names and digests; no content, no secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runnerops.model.inventory import Requester

PLAN_FORMAT = "runnerops plan"
PLAN_VERSION = 1
"""It grows when an older release could misread a newer one's file."""


@dataclass(frozen=True, slots=True)
class SavedKey:
    """A key that changes. `old` and `new` are digests of its values: see `report/saved_plan.py` for what they are of."""

    key: str
    origin: str
    old: str
    new: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A managed file that changes; `state` as `diff` shows it, `by` who wrote it since the last run (`hand`, `runner`)."""

    path: str
    state: str
    origin: str
    by: str = ""
    keys: tuple[SavedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedUpdate:
    """Settings of a runner that are set in GitLab; `keys` are the inventory's below its `gitlab`."""

    runner: str
    id: int
    keys: tuple[SavedKey, ...]


@dataclass(frozen=True, slots=True)
class SavedCreation:
    """A runner that is created in GitLab; `place` is where, as `diff` shows it, `keys` what it is to have there."""

    runner: str
    place: str
    keys: tuple[SavedKey, ...]


@dataclass(frozen=True, slots=True)
class SavedAction:
    """What a service does; what it costs in jobs is left out, for that changes by the minute."""

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
    """The host's last run when the plan was made: its number (0: none) and the word it ended with (empty: it was going on)."""

    number: int = 0
    end: str = ""


@dataclass(frozen=True, slots=True)
class SavedHost:
    """One host's plan. `machine` is a digest of its machine-id.

    `keyed`: digests of values are made under a key that only the host keeps; before its first run there is none, and secrets
    are left out of them. `rendered` is the digest of all that the inventory and the templates ask for.
    `forward` and `rollback` are steps, as verb and title.
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
    """GitLab's ids of runners that are deleted there: a deploy that was cut off left them."""
    deletions: tuple[int, ...] = ()
    """GitLab's ids of runners that left the inventory, and are deleted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """The whole file. `created_at` is in epoch seconds; `inventory` is relative to the repository's root.

    `allow` has the hosts of each code that was allowed (`""`: all), `kill_jobs` whether jobs may end, `only` the services
    that it is of (none: all): they are the plan's.
    """

    format: str = PLAN_FORMAT
    version: int = PLAN_VERSION
    runnerops: str
    created_at: int
    requested_by: Requester
    inventory: str
    allow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kill_jobs: bool = False
    only: tuple[Literal["docker", "registry", "gitlab_runner"], ...] = ()
    hosts: tuple[SavedHost, ...]
