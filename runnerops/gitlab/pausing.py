"""A runner that is given no new jobs for a while: paused in GitLab, and given jobs again.

Jobs that run go on: GitLab only hands out no further ones (`lib/api/ci/runner.rb`), to any machine that uses its token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.settings import details_of, number_of
from runnerops.model.gitlab import Pause, Registration


def plan_pause(client: GitlabClient, one: Registration, system_id: str, run: int) -> Pause | None:
    """What is to be paused while the host with this system id drains; None of a runner that is paused already, which stays.

    Raises GitlabError: also where other machines take jobs by the same token, for GitLab would give those none either.
    """
    number = number_of(client, one, system_id)
    if is_paused(client, number):
        return None
    machines = client.managers(number)
    if machines is None:
        text = "this GitLab does not say which machines use its token, and a pause would affect all of them"
        raise GitlabError(text, "use a newer GitLab; the host waits for its jobs all the same")
    others = others_among(machines, system_id)
    if others:
        raise GitlabError(
            f"other machines use its token too ({', '.join(others)})", "give each host a runner of its own"
        )
    return Pause(one.name, number, run, _jobs(client, number, system_id))


def others_among(machines: Iterable[Mapping[str, Any]], system_id: str) -> tuple[str, ...]:
    """By system id, those that asked for jobs in the last week or so, beside this one."""
    return tuple(
        str(each["system_id"])
        for each in machines
        if each.get("system_id") not in {None, system_id} and each.get("status") != "stale"
    )


def _jobs(client: GitlabClient, number: int, system_id: str) -> int | None:
    """None where GitLab does not tell: the host counts them itself."""
    try:
        return client.running_jobs(number, system_id)
    except GitlabDownError:
        raise
    except GitlabError:
        return None


def pause(client: GitlabClient, number: int) -> bool:
    """Whether it was this call that paused it; not, where somebody has by now, whose pause is to stay. Raises GitlabError.

    After an error it may be paused all the same, or come to be.
    """
    if is_paused(client, number):
        return False
    error = _told(client, number, paused=True)
    if error and not _is(client, number, paused=True):
        raise error
    return True


def unpause(client: GitlabClient, number: int) -> None:
    """One that is not paused, or is not there any more, is left as it is. Raises GitlabError."""
    error = _told(client, number, paused=False)
    if error and not _is(client, number, paused=False):
        raise error


def _told(client: GitlabClient, number: int, *, paused: bool) -> GitlabError | None:
    try:
        client.update_runner(number, {"paused": paused})
    except GitlabError as error:
        return error
    return None


def _is(client: GitlabClient, number: int, *, paused: bool) -> bool:
    """Also of one that is gone, which is given no jobs. Not where GitLab does not say."""
    try:
        details = client.runner(number)
        return (not paused) if details is None else is_paused(client, number) is paused
    except GitlabError:
        return False


def is_paused(client: GitlabClient, number: int) -> bool:
    """Whoever paused it. Raises GitlabError, also where there is none."""
    return details_of(client, number)["paused"] is True
