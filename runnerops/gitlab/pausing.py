"""Pauses a runner in GitLab, so that it gets no new jobs for a while, and unpauses it.

Running jobs continue. GitLab stops handing out jobs (`lib/api/ci/runner.rb`) to every machine that uses the runner's
token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.settings import details_of, number_of
from runnerops.model.gitlab import Pause, Registration


def plan_pause(client: GitlabClient, registration: Registration, system_id: str, run: int) -> Pause | None:
    """Returns the pause for the time in which the host with this system id drains. None if the runner is paused
    already; then it stays paused.

    Raises GitlabError, also if other machines take jobs with the same token, because GitLab would give them none
    either.
    """
    number = number_of(client, registration, system_id)
    if is_paused(client, number):
        return None
    machines = client.managers(number)
    if machines is None:
        text = "this GitLab does not say which machines use its token, and a pause would affect all of them"
        raise GitlabError(text, "use a newer GitLab; the host waits for its jobs all the same")
    machines_of_others = other_machines(machines, system_id)
    if machines_of_others:
        raise GitlabError(
            f"other machines use its token too ({', '.join(machines_of_others)})", "give each host a runner of its own"
        )
    return Pause(registration.name, number, run, _jobs(client, number, system_id))


def other_machines(machines: Iterable[Mapping[str, Any]], system_id: str) -> tuple[str, ...]:
    """Returns the system ids of other machines that asked for jobs in the last week or so."""
    return tuple(
        str(each["system_id"])
        for each in machines
        if each.get("system_id") not in {None, system_id} and each.get("status") != "stale"
    )


def _jobs(client: GitlabClient, number: int, system_id: str) -> int | None:
    """Returns None if GitLab does not tell the number. Then the host counts the jobs itself."""
    try:
        return client.running_jobs(number, system_id)
    except GitlabDownError:
        raise
    except GitlabError:
        return None


def pause(client: GitlabClient, number: int) -> bool:
    """Pauses a runner. Returns False if somebody else has paused it meanwhile: then it stays paused afterwards. Raises
    GitlabError.

    After an error, the runner may be paused nevertheless, or be paused later.
    """
    if is_paused(client, number):
        return False
    error = _set_paused(client, number, paused=True)
    if error and not _is(client, number, paused=True):
        raise error
    return True


def unpause(client: GitlabClient, number: int) -> None:
    """Unpauses a runner. One that is not paused, or does not exist any more, is left as it is. Raises GitlabError."""
    error = _set_paused(client, number, paused=False)
    if error and not _is(client, number, paused=False):
        raise error


def _set_paused(client: GitlabClient, number: int, *, paused: bool) -> GitlabError | None:
    try:
        client.update_runner(number, {"paused": paused})
    except GitlabError as error:
        return error
    return None


def _is(client: GitlabClient, number: int, *, paused: bool) -> bool:
    """Whether the runner has this state. A deleted runner counts as unpaused. False if GitLab does not tell."""
    try:
        details = client.runner(number)
        return (not paused) if details is None else is_paused(client, number) is paused
    except GitlabError:
        return False


def is_paused(client: GitlabClient, number: int) -> bool:
    """Whether the runner is paused, by anybody. Raises GitlabError, also if there is no such runner."""
    return details_of(client, number)["paused"] is True
