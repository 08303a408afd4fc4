"""A runner that is given no new jobs for a while: paused in GitLab, and given jobs again.

Jobs that run go on: GitLab only hands out no further ones (`lib/api/ci/runner.rb`), to any machine that uses its token.
"""

from __future__ import annotations

from runnerops.errors import GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.settings import details_of


def pause(client: GitlabClient, number: int) -> bool:
    """Whether it was this call that paused it; not, where somebody has by now, whose pause is to stay. Raises GitlabError.

    After an error it may be paused all the same, or come to be.
    """
    if _paused(client, number):
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
        return (not paused) if details is None else _paused(client, number) is paused
    except GitlabError:
        return False


def _paused(client: GitlabClient, number: int) -> bool:
    return details_of(client, number)["paused"] is True
