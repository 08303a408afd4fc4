"""GitLab instances, as the inventory names them, and runners, as GitLab knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import Secret

Setting: TypeAlias = "str | int | bool | tuple[str, ...] | None"
"""A setting of a runner in GitLab. Tags are sorted and unique. None: GitLab does not have this setting, or does not
show it.
"""

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
"""The inventory's keys below `gitlab` of a runner, and their names in GitLab's API."""

Managed: TypeAlias = "Mapping[str, Mapping[int, str]]"
"""Runners that an inventory manages in GitLab: by the URL of the GitLab, the runners' names by their ids."""


@frozen
class GitlabAccess:
    """How to reach a GitLab: its `url` without a trailing slash, a token for its API, and the path of its CA
    certificate.

    Without a `token`, only requests are made that a runner's own token allows. `ca_file` is empty if the system knows
    the CA.
    """

    url: str
    token: str | Secret | None = field(default=None, repr=False)
    ca_file: str = ""


@frozen
class Registration:
    """A runner in the config.toml of its host. `id` is GitLab's, 0 if the file does not have it. `expires_at` None:
    never.
    """

    name: str
    url: str
    token: str = field(repr=False)
    id: int = 0
    expires_at: datetime | None = None


@frozen
class RunnerStatus:
    """The status of a runner in GitLab. `is_known`: whether GitLab accepts its token; None if it was not asked or did not
    answer.

    `expires_at` is when the token expires; None: never. `paused` is None and `online` empty if unknown. `reason` says
    why the token is not accepted, or why that is unknown, and `fix` what to do.
    """

    name: str
    url: str
    is_known: bool | None = None
    expires_at: datetime | None = None
    id: int = 0
    paused: bool | None = None
    online: str = ""
    reason: str = ""
    fix: str = ""


@frozen
class DesiredSettings:
    """What one runner of the inventory shall have in GitLab. `of` is equal for entries that are the same runner in
    GitLab.
    """

    identity: object = field(repr=False)
    host: str
    runner: str
    settings: Mapping[str, Setting]
    id: int = 0


@frozen
class SettingChange:
    """A setting, by its key in the inventory, that differs in GitLab."""

    key: str
    old: Setting
    new: Setting


@frozen
class SettingsUpdate:
    """The settings to change for one runner in GitLab, which has this `id` there."""

    runner: str
    id: int
    changes: tuple[SettingChange, ...]


@frozen
class Place:
    """Where to create a runner that is in no config.toml yet. `of` is the number or path of a group or project."""

    kind: Literal["group", "project", "instance"]
    of: int | str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.of}".strip()


@frozen
class Creation:
    """A runner that is to be created in GitLab. `number` is that of the group or project in GitLab, 0 for the instance.

    `mark` is in the description of every runner that deploys of this host create, until the deploy has finished.
    """

    runner: str
    place: Place
    number: int
    settings: Mapping[str, Setting]
    mark: str


@frozen
class CreationRecord:
    """A record on a host: a deploy began to create runners at this place of the GitLab at `url`, with this mark.

    `name` is that of the record; each deploy has a different one.
    """

    name: str
    url: str
    place: Place
    mark: str


@frozen
class Leftover:
    """A runner in GitLab (with this `id`) that no host has. A deploy that was cut off created it, as its mark shows."""

    id: int
    mark: str


@frozen
class Deletion:
    """A runner that was managed in GitLab, with this `id`, and is no longer in the inventory.

    `on_host`: config.toml still has it, and the run removes it. `wait_s`: how many seconds its running jobs are waited
    for.
    """

    runner: str
    id: int
    on_host: bool = True
    wait_s: int = 0

    def __str__(self) -> str:
        return f"{self.runner} ({self.id})"


@frozen
class Unpaired:
    """Runners without a counterpart: a host's file has them and GitLab does not (`creations`), GitLab has them and no
    host does (`leftovers`), or neither shall have them (`deletions`). `begun`: the host's records of begun creations
    that are no longer needed once all of this is done. `seen`: the names of all such records when the host was looked
    at.
    """

    creations: tuple[Creation, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    begun: tuple[CreationRecord, ...] = ()
    creation_records: tuple[str, ...] = ()


@frozen
class PauseRecord:
    """A record on a host: its run number `run` was going to pause this runner, which has this `id` in GitLab."""

    id: int
    run: int
    url: str
    runner: str


@frozen
class Pause:
    """A runner that run number `run` has paused in GitLab until its end. `jobs`: its running jobs according to GitLab,
    None if unknown. `stays`: the inventory asks for it to be paused, so it remains paused if all ends well.
    """

    runner: str
    id: int
    run: int
    jobs: int | None = None
    stays: bool = False


@frozen
class Pausing:
    """Runners that are paused in GitLab before the host's run and unpaused after it (`paused_now`), and runners that an
    earlier run left paused (`left_paused`). The latter are unpaused too, even if nothing else is to be done.
    """

    paused_now: tuple[Pause, ...] = ()
    left_paused: tuple[Pause, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paused_now or self.left_paused)


@frozen
class Created:
    """A runner that a deploy has just created. `expires_at` is when its token expires; None: never."""

    id: int
    token: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime | None = None
