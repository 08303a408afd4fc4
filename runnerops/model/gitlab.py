"""A GitLab, as the inventory names it, and runners as it knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class GitlabAccess:
    """How a GitLab is asked: its `url` without a trailing slash, a token of its API, and the path of its CA's certificate.

    `token` None: only what a runner's own token allows is asked. `ca_file` is empty where its CA is one of the system's.
    """

    url: str
    token: str | Secret | None = field(default=None, repr=False)
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A runner as its host's config.toml has it. `id` is GitLab's, 0 where the file does not say; `expires_at` None: never."""

    name: str
    url: str
    token: str = field(repr=False)
    id: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Wish:
    """What one entry of the inventory asks for of a runner in GitLab. `of` is the same for entries of one runner there."""

    of: object = field(repr=False)
    host: str
    runner: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting, by the inventory's key, that GitLab has otherwise."""

    key: str
    old: Setting
    new: Setting


@dataclass(frozen=True, slots=True)
class SettingsUpdate:
    """What is to be set in GitLab of one runner, which has this `id` there."""

    runner: str
    id: int
    changes: tuple[SettingChange, ...]
