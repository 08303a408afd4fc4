"""The note of runnerops on a merge request. It is found by its first line, and is then replaced; else a new one is
written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import partial
from typing import Any

import gitlab
import requests
from gitlab.exceptions import GitlabError as LibraryError

from runnerops.errors import GitlabError
from runnerops.frozen import frozen
from runnerops.gitlab.session import library_of, no_answer, strange, within

SECONDS = 20.0
"""Seconds for one answer."""
IN_ALL_SECONDS = 120.0
"""Seconds for all answers together, also if one of them arrives byte by byte."""
LONGEST = 1_000_000
"""The maximum length of a note in characters."""
REFUSED = frozenset({401, 403, 404})
"""Statuses that mean that the token lacks a permission. With 404, it may not even see the merge request."""
GIVE = "give a project access token (Reporter, scope `api`) as GITLAB_TOKEN"
_LACKS = {
    401: "GitLab refuses GITLAB_TOKEN: it may have expired or been revoked; create a new one",
    403: "GITLAB_TOKEN may not write notes there: it needs the role Reporter and the scope `api`",
    404: "GITLAB_TOKEN may not see it: give a token of this project (Reporter, scope `api`)",
}
"""By status, what the given token lacks."""


@frozen
class MergeRequest:
    """Where the note is written. `job`: the token is that of a CI job."""

    url: str
    project: str
    iid: str
    token: str = field(repr=False)
    job: bool = False
    ca_file: str = ""


class MayNotError(GitlabError):
    """The token may not write notes on this merge request."""


def put_note(merge_request: MergeRequest, marker: str, body: str, seconds: float = IN_ALL_SECONDS) -> bool:
    """Writes the note. Returns whether it replaced an earlier one. `marker` is the first line of `body`. Raises
    GitlabError.
    """
    library = library_of(merge_request.url, merge_request.token, merge_request.ca_file, SECONDS, job=merge_request.job)
    notes = f"/projects/{merge_request.project}/merge_requests/{merge_request.iid}/notes"
    try:
        return within(seconds, partial(_put, library, notes, marker, body))
    except LibraryError as error:
        raise _problem(merge_request, error) from None
    except (requests.RequestException, OSError) as error:
        raise no_answer(merge_request.url, error, min(seconds, SECONDS)) from None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise strange(merge_request.url) from None


def _put(library: gitlab.Gitlab, notes: str, marker: str, body: str) -> bool:
    before = list(_marked(library, notes, marker))
    if any(_replaced(library, f"{notes}/{note_id}", body) for note_id in before):
        return True
    made: Any = library.http_post(notes, post_data={"body": body})
    meanwhile = [
        note_id for note_id in _marked(library, notes, marker) if note_id < int(made["id"]) and note_id not in before
    ]
    if any(_replaced(library, f"{notes}/{note_id}", body) for note_id in meanwhile):  # by a job at the same time
        _remove(library, f"{notes}/{made['id']}")
        return True
    return False


def _marked(library: gitlab.Gitlab, notes: str, marker: str) -> Iterator[int]:
    """Returns the notes with the marker, the oldest first, so that simultaneous runs choose the same one. Some may
    belong to an earlier token.
    """
    every: Any = library.http_list(notes, query_data={"sort": "asc", "per_page": 100}, iterator=True)
    note_ids = [int(note["id"]) for note in every if str(note.get("body", "")).startswith(marker)]
    yield from note_ids


def _replaced(library: gitlab.Gitlab, note: str, body: str) -> bool:
    """Replaces a note. Returns False if it belongs to another user, or was deleted meanwhile."""
    try:
        library.http_put(note, post_data={"body": body})
    except LibraryError as error:
        if error.response_code in REFUSED - {401}:
            return False
        raise
    return True


def _remove(library: gitlab.Gitlab, note: str) -> None:
    """Removes the later of two notes. The other job does the same and keeps the earlier one. A note that may not be
    removed stays.
    """
    try:
        library.http_delete(note)
    except LibraryError as error:
        if error.response_code not in REFUSED - {401}:
            raise


def _problem(merge_request: MergeRequest, error: LibraryError) -> GitlabError:
    """Makes an error of the status alone, because GitLab's text may quote what it was sent."""
    code = error.response_code
    if not code:
        return strange(merge_request.url)
    place = f"{merge_request.url}: merge request !{merge_request.iid} of project {merge_request.project}"
    text = f"{place}: GitLab answered with status {code}"
    if code in REFUSED:
        return MayNotError(text, GIVE if merge_request.job else _LACKS[code])
    return GitlabError(text, "GitLab's own log says why; try the job again")
