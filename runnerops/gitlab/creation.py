"""Creates runners in GitLab for a deploy. Each has a mark in its description until its host has it.

The mark is part of the request that creates the runner. So wherever a deploy is cut off, the next one can recognise the
runners that it left behind, and deletes them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.places import path_of
from runnerops.gitlab.runners import MARK, moment
from runnerops.gitlab.settings import details_of, differing, sent, update
from runnerops.model.gitlab import SETTINGS, Created, Creation, Leftover, Place, Setting, SettingsUpdate

_LONGEST = 1024
"""The maximum length of a description in characters (GitLab's `Ci::Runner`)."""
_ANY = "[0-9a-f]+"


def mark_of(machine: str, host: str) -> str:
    """Returns the mark for runners that deploys of this host create. `machine` is its machine-id, which clones may
    share.
    """
    return hashlib.sha256(f"{machine} {host}".encode()).hexdigest()[:12]


def plan_creation(
    client: GitlabClient, name: str, place: Place, settings: Mapping[str, Setting], mark: str
) -> Creation:
    """Makes the plan to create one runner. Raises GitlabError."""
    number = place.of if isinstance(place.of, int) else client.number(path_of(place)) if place.of else 0
    return Creation(name, place, number, settings, mark)


def left_behind(client: GitlabClient, place: Place, mark: str) -> set[int]:
    """Returns ids of runners that deploys of this host created in this place and did not finish. Raises GitlabError."""
    return set(_marked(client, place, f"{mark}-{_ANY}"))


def is_marked(description: object, mark: str) -> bool:
    """Whether this is the description of a runner that a deploy of this host created and did not finish."""
    return _is_marked(description, f"{mark}-{_ANY}")


def create(client: GitlabClient, planned: Creation, nonce: str) -> Created:
    """Creates a runner, marked with `nonce` (hex digits), which is unique to this deploy. Raises GitlabError."""
    text = f" {MARK}{planned.mark}-{nonce})"
    description = str(planned.settings.get("description") or planned.runner)[: _LONGEST - len(text)] + text
    where = {f"{planned.place.kind}_id": planned.number} if planned.number else {}
    settings = {SETTINGS[key]: sent(value) for key, value in planned.settings.items()}
    answer = client.create_runner(
        {**settings, "runner_type": f"{planned.place.kind}_type", **where, "description": description}
    )
    return Created(
        answer["id"], answer["token"], datetime.now(UTC).replace(microsecond=0), moment(answer.get("token_expires_at"))
    )


def created_by(client: GitlabClient, planned: Collection[Creation], nonce: str) -> set[int]:
    """Asks GitLab which runners this deploy created, because an answer may have been lost. Raises GitlabError."""
    places = dict.fromkeys((creation.place, creation.mark) for creation in planned)
    return {number for place, mark in places for number in _marked(client, place, f"{mark}-{nonce}")}


def finish(client: GitlabClient, planned: Creation, created: Created) -> None:
    """Sets the runner's settings in GitLab, once its host has it. This removes the mark. Raises GitlabError."""
    changes = differing(planned.settings, details_of(client, created.id))
    update(client, SettingsUpdate(planned.runner, created.id, changes))


def delete_leftover(client: GitlabClient, leftover: Leftover) -> None:
    """Deletes the runner if it still has the mark. Raises GitlabError."""
    details = client.runner(leftover.id)
    if details is not None and is_marked(details.get("description"), leftover.mark):
        client.delete_runner(leftover.id)


def _marked(client: GitlabClient, place: Place, pattern: str) -> Iterator[int]:
    for runner in client.runners(f"{path_of(place)}/runners" if place.of else "/runners/all", f"{place.kind}_type"):
        if isinstance(runner.get("id"), int) and _is_marked(runner.get("description"), pattern):
            yield runner["id"]


def _is_marked(description: object, pattern: str) -> bool:
    text = rf"{re.escape(MARK)}{pattern}\)\s*"
    return isinstance(description, str) and re.search(f"{text}$", description) is not None
