"""Compares the settings of runners in GitLab with those of the inventory, and sets them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.asking import Asking, by_token, system_id_of
from runnerops.errors import GitlabError, LostTokenError, NoRunnerError
from runnerops.frozen import frozen
from runnerops.model.gitlab import SettingsUpdate, Wish
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.blockers.in_gitlab import other_place
from runnerops.services.gitlab_runner.lost_token import way_out
from runnerops.services.gitlab_runner.observe.registered import (
    of_gitlab,
    rendered_registrations,
)
from runnerops.services.gitlab_runner.reconcile.created import to_be_created

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient
from runnerops.engine.gitlab.tokens import token_is_lost


@frozen
class Compared:
    """What a deploy sets in GitLab, what blocks it, and notes on what could not be compared."""

    updates: tuple[SettingsUpdate, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    """By name, the runners that were created by deploys and do not exist in GitLab any more, as both their ids and
    their tokens tell.
    """


def compare_settings(host: Host, desired: Sequence[RenderedFile], observed: HostState, asking: Asking) -> Compared:
    """Compares the settings of the host's runners. GitLab is not asked if none has settings."""
    if host.gitlab is None or not host.gitlab_settings:
        return Compared()
    from runnerops.gitlab.settings import compare

    runners = {one.name: one for one in of_gitlab(host.gitlab.url, rendered_registrations(desired, observed))}
    updates: list[SettingsUpdate] = []
    blockers: list[Blocker] = []
    notes: list[str] = []
    lost: set[str] = set()
    client: GitlabClient | None = None
    awaited = to_be_created(desired)
    for name, wanted in host.gitlab_settings.items():
        if name in awaited:
            continue
        try:
            if name not in runners:
                raise GitlabError(
                    "config.toml has no token of this GitLab for it", "write its token into the inventory"
                )
            client = client or by_token(host.gitlab, asking)
            place = host.gitlab_places.get(name)
            ask = partial(compare, client, runners[name], system_id_of(observed), wanted, place)
            update, there = asking.watched(host.gitlab, ask)
            updates.append(update)
            blockers += [other_place(name, there, place)] if there and place else []
            number = updates[-1].id
            asking.wishes.append(Wish((host.gitlab.url, number), host.name, name, wanted, number))
        except GitlabError as error:
            gone = isinstance(error, NoRunnerError) and name in host.gitlab_places
            if gone and token_is_lost(host, runners[name], observed):
                lost.add(name)
                continue
            way = way_out(host, name, runners[name].id) if isinstance(error, LostTokenError) else ""
            text = (
                f"the settings of runner {name} in GitLab could not be compared: {error.message}; {way or error.hint}"
            )
            notes.append(text)
    return Compared(tuple(one for one in updates if one.changes), tuple(blockers), tuple(notes), frozenset(lost))


def update_settings(host: Host, updates: Sequence[SettingsUpdate], asking: Asking) -> tuple[GitlabError, ...]:
    """Sets what the plan says, and reads it back. Returns what failed, each with the reason and the fix."""
    from runnerops.gitlab.settings import update

    assert host.gitlab
    client: GitlabClient | None = None
    errors: dict[str, GitlabError] = {}
    for one in updates:
        try:
            client = client or by_token(host.gitlab, asking)
            asking.watched(host.gitlab, partial(update, client, one))
        except GitlabError as error:
            errors[error.message] = error
    return tuple(errors.values())
