"""A GitLab, as the inventory names it, and runners as it knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import Secret

Setting: TypeAlias = "str | int | bool | tuple[str, ...] | None"
"""A runner's setting in GitLab; tags are in order and each once, None is one that GitLab has not, or does not show."""

SETTINGS = {
    "description": "description",
    "tags": "tag_list",
    "run_untagged": "run_untagged",
    "locked": "locked",
    "paused": "paused",
    "access_level": "access_level",
    "maximum_timeout": "maximum_timeout",
    "maintenance_note": "maintenance_note",
}
"""The inventory's keys below a runner's `gitlab`, and what GitLab's API calls them."""

Managed: TypeAlias = "Mapping[str, Mapping[int, str]]"
"""Runners that an inventory manages in GitLab: by the GitLab's URL their names by their ids there."""


@frozen
class GitlabAccess:
    """How a GitLab is asked: its `url` without a trailing slash, a token of its API, and the path of its CA's certificate.

    `token` None: only what a runner's own token allows is asked. `ca_file` is empty where its CA is one of the system's.
    """

    url: str
    token: str | Secret | None = field(default=None, repr=False)
    ca_file: str = ""


@frozen
class Registration:
    """A runner as its host's config.toml has it. `id` is GitLab's, 0 where the file does not say; `expires_at` None: never."""

    name: str
    url: str
    token: str = field(repr=False)
    id: int = 0
    expires_at: datetime | None = None


@frozen
class RunnerStatus:
    """How a runner stands in GitLab. `known`: whether GitLab takes its token, None where it was not asked or did not say.

    `expires_at` is when its token does, None for never. `paused` is None and `online` empty where that was not told.
    `reason` says why it is not known, or why that cannot be said, and `fix` what to do then.
    """

    name: str
    url: str
    known: bool | None = None
    expires_at: datetime | None = None
    id: int = 0
    paused: bool | None = None
    online: str = ""
    reason: str = ""
    fix: str = ""


@frozen
class Wish:
    """What one entry of the inventory asks for of a runner in GitLab. `of` is the same for entries of one runner there."""

    of: object = field(repr=False)
    host: str
    runner: str
    settings: Mapping[str, Setting]
    id: int = 0


@frozen
class SettingChange:
    """A setting, by the inventory's key, that GitLab has otherwise."""

    key: str
    old: Setting
    new: Setting


@frozen
class SettingsUpdate:
    """What is to be set in GitLab of one runner, which has this `id` there."""

    runner: str
    id: int
    changes: tuple[SettingChange, ...]


@frozen
class Place:
    """Where a runner is created that is in no config.toml yet: `of` is the number or the path of a group or project."""

    kind: Literal["group", "project", "instance"]
    of: int | str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.of}".strip()


@frozen
class Creation:
    """A runner that is to be created in GitLab. `number` is the group's or project's there, 0 for the instance.

    `mark` stands in the description of what deploys of this host create there, until all of it is done.
    """

    runner: str
    place: Place
    number: int
    settings: Mapping[str, Setting]
    mark: str


@frozen
class Begun:
    """What a host has on record: that a deploy began to create runners at this place of the GitLab at `url`, with this mark.

    `name` is of the record itself: each deploy has its own.
    """

    name: str
    url: str
    place: Place
    mark: str


@frozen
class Leftover:
    """A runner that GitLab has (by this `id`) and no host: created, and marked so, by a deploy that was cut off."""

    id: int
    mark: str


@frozen
class Deletion:
    """A runner that was managed in GitLab, by this `id`, and left the inventory.

    `on_host`: config.toml has it still, and the run takes it off. `wait_s`: how long its running jobs are waited for.
    """

    runner: str
    id: int
    on_host: bool = True
    wait_s: int = 0

    def __str__(self) -> str:
        return f"{self.runner} ({self.id})"


@frozen
class Unpaired:
    """Runners that only one side has: a host's file without GitLab (`creations`), or GitLab without any host (`leftovers`);
    and those that neither is to have (`deletions`). `begun`: what the host has on record of creations that were begun, and
    need not have once all of this is done. `seen`: the names of all such records that it had when it was looked at."""

    creations: tuple[Creation, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    begun: tuple[Begun, ...] = ()
    seen: tuple[str, ...] = ()


@frozen
class PauseRecord:
    """What a host has on record: that its run number `run` was to have this runner paused in GitLab, which has `id` there."""

    id: int
    run: int
    url: str
    runner: str


@frozen
class Pause:
    """A runner that run number `run` has paused in GitLab until its end. `jobs`: those that GitLab has as running on it there,
    None where it does not tell. `stays`: the inventory asks for it to be paused, so it stays so where all ends well.
    """

    runner: str
    id: int
    run: int
    jobs: int | None = None
    stays: bool = False


@frozen
class Pausing:
    """Runners that are paused in GitLab before the host's run and unpaused after it (`now`), and those that an earlier run
    left paused (`left`), which are unpaused with them, or where nothing else is to be done."""

    now: tuple[Pause, ...] = ()
    left: tuple[Pause, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.now or self.left)


@frozen
class Created:
    """A runner that a deploy has just created. `expires_at` is when its token does; None: never."""

    id: int
    token: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime | None = None
