"""One note of ours on a merge request: found by its first line, written anew or put in place of the one before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gitlab
import requests
from gitlab.exceptions import GitlabError as LibraryError

from runnerops.errors import GitlabError

SECONDS = 20.0
LONGEST = 1_000_000
"""Characters that a note takes."""
REFUSED = frozenset({401, 403, 404})
"""Statuses by which GitLab says that a token may not do it; 404: that it may not even see it."""


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Where the note goes. `job` tells of the token that it is a CI job's own."""

    url: str
    project: str
    iid: str
    token: str = field(repr=False)
    job: bool = False
    ca_file: str = ""


class MayNotError(GitlabError):
    """The token may not write notes here."""


def put_note(there: MergeRequest, marker: str, body: str) -> bool:
    """Whether a note of ours was there, and now has this text. `marker` is the first line of `body`. Raises GitlabError."""
    own, jobs = (None, there.token) if there.job else (there.token, None)
    verify = there.ca_file or True
    library = gitlab.Gitlab(there.url, private_token=own, job_token=jobs, ssl_verify=verify, timeout=SECONDS)
    notes = f"/projects/{there.project}/merge_requests/{there.iid}/notes"
    try:
        found = _own(library, notes, marker)
        if found is not None and _replaced(library, f"{notes}/{found}", body):
            return True
        library.http_post(notes, post_data={"body": body})
    except LibraryError as error:
        raise _problem(there, error) from None
    except requests.RequestException as error:
        raise GitlabError(f"{there.url} is not reached ({type(error).__name__})", "look at the way there") from None
    return False


def _own(library: gitlab.Gitlab, notes: str, marker: str) -> int | None:
    """The oldest, so that runs side by side agree."""
    every: Any = library.http_list(notes, query_data={"sort": "asc", "per_page": 100}, iterator=True)
    return next((int(one["id"]) for one in every if str(one.get("body", "")).startswith(marker)), None)


def _replaced(library: gitlab.Gitlab, note: str, body: str) -> bool:
    """Not, where it is somebody else's, or was taken away just now."""
    try:
        library.http_put(note, post_data={"body": body})
    except LibraryError as error:
        if error.response_code in REFUSED - {401}:
            return False
        raise
    return True


def _problem(there: MergeRequest, error: LibraryError) -> GitlabError:
    """What GitLab says may quote what it was sent, so only its status is told."""
    code = error.response_code
    text = f"{there.url}: merge request !{there.iid} of project {there.project}: GitLab answered with status {code}"
    if code in REFUSED:
        return MayNotError(text, "give a project access token (Reporter, scope `api`) as GITLAB_TOKEN")
    return GitlabError(text, "GitLab's own log says why; try the job again")
