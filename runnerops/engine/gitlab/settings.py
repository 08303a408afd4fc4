"""Compares the settings of runners in GitLab with those of the inventory, and sets them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.context import GitlabContext, api_client, system_id_of
from runnerops.engine.gitlab.tokens import token_is_lost
from runnerops.errors import GitlabError, LostTokenError, NoRunnerError
from runnerops.frozen import frozen
from runnerops.model.gitlab import DesiredSettings, Registration, SettingsUpdate
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.blockers.in_gitlab import other_place_blocker
from runnerops.services.gitlab_runner.lost_token import way_out
from runnerops.services.gitlab_runner.observe.registered import (
    of_gitlab,
    rendered_registrations,
)
from runnerops.services.gitlab_runner.reconcile.created import to_be_created

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient


@frozen
class SettingsComparison:
    """What a deploy sets in GitLab, what blocks it, and notes on what could not be compared."""

    updates: tuple[SettingsUpdate, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    """By name, the runners that were created by deploys and do not exist in GitLab any more, as both their ids and
    their tokens tell.
    """


def compare_settings(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, gitlab_context: GitlabContext
) -> SettingsComparison:
    """Compares the settings of the host's runners. GitLab is not asked if none has settings."""
    if host.gitlab is None or not host.gitlab_settings:
        return SettingsComparison()
    runners = {
        registration.name: registration
        for registration in of_gitlab(host.gitlab.url, rendered_registrations(desired, observed))
    }
    updates: list[SettingsUpdate] = []
    blockers: list[Blocker] = []
    notes: list[str] = []
    lost: set[str] = set()
    client: GitlabClient | None = None
    new = to_be_created(desired)
    for name in (setting for setting in host.gitlab_settings if setting not in new):
        try:
            if name not in runners:
                text = "config.toml has no token of this GitLab for it"
                raise GitlabError(text, "write its token into the inventory")
            client = client or api_client(host.gitlab, gitlab_context)
            update, current = _compare_runner(client, host, runners[name], observed, gitlab_context)
            updates.append(update)
            place = host.gitlab_places.get(name)
            blockers += [other_place_blocker(name, current, place)] if current and place else []
        except GitlabError as error:
            is_gone = isinstance(error, NoRunnerError) and name in host.gitlab_places
            if is_gone and token_is_lost(host, runners[name], observed):
                lost.add(name)
                continue
            remedy = way_out(host, name, runners[name].id) if isinstance(error, LostTokenError) else ""
            text = f"the settings of runner {name} in GitLab could not be compared"
            notes.append(f"{text}: {error.message}; {remedy or error.hint}")
    updates = [settings_update for settings_update in updates if settings_update.changes]
    return SettingsComparison(tuple(updates), tuple(blockers), tuple(notes), frozenset(lost))


def _compare_runner(
    client: GitlabClient, host: Host, registration: Registration, observed: HostState, gitlab_context: GitlabContext
) -> tuple[SettingsUpdate, str]:
    """Returns what differs, and the place of the runner in GitLab if it is another one. Raises GitlabError."""
    from runnerops.gitlab.settings import compare

    assert host.gitlab
    wanted = host.gitlab_settings[registration.name]
    ask = partial(
        compare, client, registration, system_id_of(observed), wanted, host.gitlab_places.get(registration.name)
    )
    update, current = gitlab_context.call(host.gitlab, ask)
    identity = (host.gitlab.url, update.id)
    gitlab_context.desired_settings.append(DesiredSettings(identity, host.name, registration.name, wanted, update.id))
    return update, current


def update_settings(
    host: Host, updates: Sequence[SettingsUpdate], gitlab_context: GitlabContext
) -> tuple[GitlabError, ...]:
    """Sets what the plan says, and reads it back. Returns what failed, each with the reason and the fix."""
    from runnerops.gitlab.settings import update

    assert host.gitlab
    client: GitlabClient | None = None
    errors: dict[str, GitlabError] = {}
    for settings_update in updates:
        try:
            client = client or api_client(host.gitlab, gitlab_context)
            gitlab_context.call(host.gitlab, partial(update, client, settings_update))
        except GitlabError as error:
            errors[error.message] = error
    return tuple(errors.values())
