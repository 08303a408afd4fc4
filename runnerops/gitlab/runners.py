"""How the runners of a host stand in GitLab: what the client tells of each, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from runnerops.errors import GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.model.gitlab import Registration, RunnerStatus

UNKNOWN = "GitLab does not know its token (403): the runner was deleted there, or its token was reset"
UNKNOWN_FIX = "take its token from GitLab (or create it there anew), give it in the inventory and deploy"


def statuses_of(
    client: GitlabClient, registrations: Sequence[Registration], system_id: str, *, may_read: bool
) -> tuple[RunnerStatus, ...]:
    """One for each. `may_read`: the client has a token of the API, so details are asked for too."""
    found: list[RunnerStatus] = []
    down: GitlabError | None = None
    for one in registrations:
        status = RunnerStatus(one.name, one.url, expires_at=one.expires_at, id=one.id)
        if down is None:
            try:
                found.append(_asked(client, one, system_id, status, may_read=may_read))
                continue
            except GitlabError as error:
                down = error  # of one that does not answer not every runner's turn is waited for
        found.append(replace(status, reason=down.message, fix=down.hint))
    return tuple(found)


def _asked(
    client: GitlabClient, one: Registration, system_id: str, status: RunnerStatus, *, may_read: bool
) -> RunnerStatus:
    told = client.verify(one.token, system_id)
    if told is None:
        return replace(status, known=False, reason=UNKNOWN, fix=UNKNOWN_FIX)
    number = told.get("id")
    known = replace(
        status,
        known=True,
        expires_at=moment(told.get("token_expires_at")) if "token_expires_at" in told else one.expires_at,
        id=number if isinstance(number, int) else one.id,
    )
    if not may_read or not known.id:
        return known
    try:
        details = client.runner(known.id) or {}
    except GitlabError as error:
        return replace(known, reason=error.message, fix=error.hint)
    paused = details.get("paused")
    return replace(known, paused=paused if isinstance(paused, bool) else None, online=str(details.get("status") or ""))


def moment(text: Any) -> datetime | None:
    """A time as GitLab writes it (ISO 8601); None for none."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
