"""Calls of GitLab's API, by python-gitlab: each with a time limit, repeated where that is safe, its errors in our words.

No token and no answer's text is ever part of an error: what GitLab says may quote what it was sent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import gitlab
import requests
from gitlab.exceptions import GitlabAuthenticationError, GitlabHttpError
from gitlab.exceptions import GitlabError as LibraryError

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.session import library_of, no_answer, strange, within

TIMEOUT_SECONDS = 20.0
"""For an answer, from the name's resolution to the last byte."""
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each further attempt, where GitLab does not say itself how long to wait."""
LONGEST_PAUSE = 60.0
"""A longer `Retry-After` is not waited for. GitLab's own limits count by the minute."""
REFUSALS = (GitlabHttpError, GitlabAuthenticationError)
_AGAIN = frozenset({429, 500, 502, 503, 504})
_SCOPES = (
    "give a token with the scope `manage_runner` (or `api`), of an Owner of the group or a Maintainer of the project"
)
_FIXES = {
    400: "a runner without tags must run untagged jobs; GitLab's settings may set limits to timeouts and access too",
    401: "it is revoked, expired or mistyped: give a new one under `gitlab: {token: …}`",
    403: _SCOPES,
    404: "look at `gitlab: {url: …}` in the inventory, and at what the token may see",
    429: "ask for less at once, or later",
}
_WORDS = {
    400: "GitLab does not take these values",
    401: "GitLab does not take the API token",
    403: "GitLab does not let the token do that",
    404: "GitLab has nothing there, or the token may not see it",
    429: "GitLab takes no more requests for now",
}


class GitlabClient:
    """One GitLab, for one thread; an answer is waited for `seconds`. Without `token` only runners' own tokens are used."""

    def __init__(
        self,
        url: str,
        token: str = "",
        ca_file: str = "",
        seconds: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._sleep, self._seconds = sleep, seconds
        self._asked_to_wait: float | None = None
        self._by_nobody = library_of(url, "", ca_file, seconds)
        self._by_nobody.session.auth = _as_it_is  # else requests would send what ~/.netrc has for that host
        self._by_nobody.session.hooks["response"].append(self._heed)
        self._token, self._ca_file = token, ca_file

    def verify(self, token: str, system_id: str) -> Mapping[str, Any] | None:
        """What GitLab says of the runner that has this token (`id`, `token_expires_at`); None where it knows none.

        `system_id` is its host's: without one GitLab would note a machine that is not there. A GitLab before 15.10 says
        nothing of the runner. Raises GitlabError.
        """
        sent = {"token": token, **({"system_id": system_id} if system_id else {})}
        try:
            answer = self._call(self._by_nobody, "post", "/runners/verify", sent)
        except REFUSALS as error:
            if error.response_code == 403 and isinstance(_json(error.response_body), dict):
                return None
            raise self._problem(error, "asked whether it knows a runner") from None
        if isinstance(answer, dict):
            return answer
        if str(answer) == "200":
            return {}
        raise strange(self._url)

    def runner(self, number: int) -> Mapping[str, Any] | None:
        """`GET /runners/:id`; None where there is none that the token may see. Raises GitlabError."""
        try:
            answer = self._call(self._by_token, "get", f"/runners/{number}")
        except REFUSALS as error:
            if error.response_code == 404:
                return None
            raise self._problem(error, f"asked for runner {number}") from None
        if isinstance(answer, dict):
            return answer
        raise strange(self._url)

    @cached_property
    def _by_token(self) -> gitlab.Gitlab:
        """Made when it is needed: a token that can be none leaves what needs none."""
        library = library_of(self._url, self._token, self._ca_file, self._seconds)
        library.session.hooks["response"].append(self._heed)
        return library

    def update_runner(self, number: int, settings: Mapping[str, Any]) -> None:
        """`PUT /runners/:id`, by GitLab's own names, which sets what is given and leaves the rest. Raises GitlabError.

        It may be sent several times. An error does not say that nothing was set: the answer may be what was lost.
        """
        try:
            self._call(self._by_token, "put", f"/runners/{number}", settings)
        except REFUSALS as error:
            raise self._problem(error, f"told to update runner {number}") from None

    def _call(self, library: gitlab.Gitlab, method: str, path: str, sent: Mapping[str, Any] | None = None) -> Any:
        """The JSON that one call gave, which may be repeated; None for no JSON.

        Raises one of REFUSALS where GitLab refused, GitlabDownError where it did not answer. Who took the time limit once
        is not asked again.
        """
        ask = partial(library.http_request, method, path, post_data=dict(sent) if sent else None, obey_rate_limit=False)
        for pause in (*PAUSES, None):
            self._asked_to_wait = None
            try:
                answer = within(self._seconds, ask)
            except REFUSALS as error:
                wait = self._wait(pause) if error.response_code in _AGAIN else None
                if wait is None:
                    raise
            except (requests.RequestException, LibraryError) as error:
                wait = pause if isinstance(error, requests.ConnectionError) else None
                if wait is None or isinstance(error, (requests.exceptions.SSLError, requests.Timeout)):
                    raise no_answer(self._url, error, self._seconds) from None
            else:
                return _json(answer.content)
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, pause: float | None) -> float | None:
        if pause is None or self._asked_to_wait is None:
            return pause
        return self._asked_to_wait if self._asked_to_wait <= LONGEST_PAUSE else None

    def _heed(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        told = answer.headers.get("Retry-After", "")
        self._asked_to_wait = float(told) if told.isdecimal() else None

    def _problem(self, error: LibraryError, did: str) -> GitlabError:
        code = error.response_code or 0
        words = _WORDS.get(code, f"GitLab answered with status {code}")
        fix = _FIXES.get(code, "GitLab's own log says why; try again later")
        if code == 403 and not isinstance(_json(error.response_body), dict):
            words, fix = "something before GitLab refused (status 403)", "ask who runs its proxy or firewall"
        return (GitlabDownError if code in _AGAIN else GitlabError)(f"{self._url}, {did}: {words}", fix)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(body: Any) -> Any:
    """None for what is no JSON: then it is not the API that answered."""
    try:
        return json.loads(body)
    except (TypeError, ValueError):
        return None
