"""Settings of a runner in GitLab and in the inventory: they are compared, updated and read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnerops.errors import GitlabError, LostTokenError, NoRunnerError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.places import elsewhere
from runnerops.gitlab.runners import UNKNOWN, UNKNOWN_FIX
from runnerops.model.gitlab import SETTINGS, Place, Registration, Setting, SettingChange, SettingsUpdate


def compare(
    client: GitlabClient,
    registration: Registration,
    system_id: str,
    wanted: Mapping[str, Setting],
    place: Place | None = None,
) -> tuple[SettingsUpdate, str]:
    """Returns what differs (may be empty), and where the runner is if that is not `place`. Raises GitlabError.

    `registration.id` comes from a file in which somebody may have edited the token. So the runner is first looked up by its
    token.
    """
    number = registration.id or number_of(client, registration, system_id)
    details = _details(client, number)
    changes, other_place = differing(wanted, settings_of(details)), place and elsewhere(client, details, place)
    if (
        (changes or other_place)
        and registration.id
        and system_id
        and (number := number_of(client, registration, system_id)) != registration.id
    ):
        details = _details(client, number)
        changes, other_place = differing(wanted, settings_of(details)), place and elsewhere(client, details, place)
    return SettingsUpdate(registration.name, number, changes), other_place or ""


def update(client: GitlabClient, planned: SettingsUpdate) -> None:
    """Sets what the plan says, if GitLab's values are still those of the plan, and reads it back. Raises GitlabError.

    Settings that have the planned value already are left alone. After an error, reading them back shows whether they
    were set.
    """
    current = details_of(client, planned.id)
    changes = [change for change in planned.changes if not _same(change.new, current.get(change.key))]
    if moved := [change.key for change in changes if not _same(change.old, current.get(change.key))]:
        text = f"runner {planned.runner}: somebody changed this in GitLab since the plan was made: {', '.join(moved)}"
        raise GitlabError(text, "deploy again, which makes a new plan")
    if not changes:
        return
    error: GitlabError | None = None
    try:
        client.update_runner(planned.id, {SETTINGS[change.key]: sent(change.new) for change in changes})
    except GitlabError as caught:
        error = caught
    try:
        current = details_of(client, planned.id)
    except GitlabError as caught:
        raise error or caught from None
    if differing_keys := [change.key for change in changes if not _same(change.new, current.get(change.key))]:
        text = f"runner {planned.runner}: GitLab accepted the update but still has other values: {', '.join(differing_keys)}"
        raise error or GitlabError(text, "look at the runner in GitLab: it may have changed their form")


def differing(wanted: Mapping[str, Setting], current: Mapping[str, Setting]) -> tuple[SettingChange, ...]:
    """Returns the differences in the order of `SETTINGS`. Settings that are not in the inventory stay as they are in
    GitLab.
    """
    return tuple(
        SettingChange(key, current.get(key), wanted[key])
        for key in SETTINGS
        if key in wanted and not _same(wanted[key], current.get(key))
    )


def settings_of(details: Mapping[str, Any]) -> dict[str, Setting]:
    """Returns GitLab's answer with the keys of the inventory. A GitLab before 14.8 has `active` instead of `paused`."""
    if "paused" not in details and isinstance(details.get("active"), bool):
        details = {**details, "paused": not details["active"]}
    return {key: _setting(details.get(name)) for key, name in SETTINGS.items()}


def _setting(value: Any) -> Setting:
    if isinstance(value, list):
        return tuple(sorted({str(item) for item in value}))
    return value if isinstance(value, str | int | bool) else None


def _same(first: Setting, second: Setting) -> bool:
    """Compares by meaning. An empty text equals none, and GitLab's web pages may have changed the line ends."""
    if isinstance(first, str) or isinstance(second, str):
        return _text(first) == _text(second)
    return first == second and isinstance(first, bool) == isinstance(second, bool)


def _text(value: Setting) -> Setting:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value or ""


def sent(value: Setting) -> Any:
    """Returns a setting as GitLab's API accepts it."""
    return list(value) if isinstance(value, tuple) else value


def number_of(client: GitlabClient, registration: Registration, system_id: str) -> int:
    """Returns GitLab's id of the runner with this token. Raises GitlabError."""
    if not system_id:
        raise GitlabError(
            "config.toml has no id for it, and its host has no system id yet", "deploy again after it has run"
        )
    answer = client.verify(registration.token, system_id)
    if answer is None:
        raise LostTokenError(UNKNOWN, UNKNOWN_FIX)
    number = answer.get("id")
    if not isinstance(number, int) or not number:
        raise GitlabError("this GitLab does not say which runner has its token", "use GitLab 15.10 or newer")
    return number


def details_of(client: GitlabClient, number: int) -> Mapping[str, Setting]:
    """Returns a runner's settings in GitLab, with the keys of the inventory. Raises GitlabError, also if there is no
    such runner.
    """
    return settings_of(_details(client, number))


def _details(client: GitlabClient, number: int) -> Mapping[str, Any]:
    details = client.runner(number)
    if details is None:
        text = f"GitLab has no runner {number}, or the API token may not see it (404)"
        raise NoRunnerError(
            text, "check whether it was deleted there, and write the token of an existing runner into the inventory"
        )
    return details
