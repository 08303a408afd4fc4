"""Calls of GitLab's API with python-gitlab. Each has a time limit and is repeated where that is safe.

No error contains a token or the text of an answer, because GitLab may quote in it what it was sent.
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
from runnerops.gitlab.session import library_of, no_answer, within

TIMEOUT_SECONDS = 20.0
"""Seconds for one answer, from resolving the name to the last byte."""
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each further attempt, if GitLab does not say how long to wait."""
LONGEST_PAUSE = 60.0
"""Seconds. A longer `Retry-After` is not waited for. GitLab's own limits count by the minute."""
REFUSALS = (GitlabHttpError, GitlabAuthenticationError)
_AGAIN = frozenset({429, 500, 502, 503, 504})
_NOT_TAKEN = frozenset({429})
"""Statuses that mean that GitLab has not begun to process the request."""
_SCOPES = (
    "give a token with the scope `manage_runner` (or `api`), of an Owner of the group or a Maintainer of the project"
)
_FIXES = {
    400: "a runner without tags must run untagged jobs; GitLab's settings may set limits to timeouts and access too",
    401: "it is revoked, expired or mistyped: write a new one under `gitlab: {token: …}`",
    404: "check `gitlab: {url: …}` in the inventory, and what the token may see",
    422: "delete the runner there, and deploy, which creates another one",
    429: "send fewer requests at once, or try later",
}
_WORDS = {
    400: "GitLab does not accept these values",
    401: "GitLab does not accept the API token",
    403: "the API token is not allowed to do that",
    404: "this does not exist in GitLab, or the token may not see it",
    422: "the group or project of this runner does not exist in GitLab any more",
    429: "GitLab accepts no more requests at the moment",
}


class Calls:
    """Calls of one GitLab, for one thread. `seconds` is the time limit of an answer. `by_token` needs the token of the
    API.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        ca_file: str = "",
        seconds: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self._sleep, self._seconds = sleep, seconds
        self._asked_to_wait: float | None = None
        self.by_nobody = library_of(url, "", ca_file, seconds)
        self.by_nobody.session.auth = _as_it_is  # requests would send the login of ~/.netrc for this host
        self.by_nobody.session.hooks["response"].append(self._heed)
        self._token, self._ca_file = token, ca_file

    @cached_property
    def by_token(self) -> gitlab.Gitlab:
        """The client with the token. It is made at its first use, so that a malformed token fails only calls that need
        one.
        """
        library = library_of(self.url, self._token, self._ca_file, self._seconds)
        library.session.hooks["response"].append(self._heed)
        return library

    def call(
        self,
        library: gitlab.Gitlab,
        method: str,
        path: str,
        sent: Mapping[str, Any] | None = None,
        *,
        safe: bool = True,
    ) -> Any:
        """Returns the JSON of one call, or None if it has none. Only a `safe` call is repeated. A "get" sends a query.

        Raises one of REFUSALS if GitLab refuses, and GitlabDownError if it does not answer. After an answer that exceeded
        the time limit, the call is not repeated.
        """
        values = dict(sent or {})
        again = _AGAIN if safe else _NOT_TAKEN
        ask = partial(
            library.http_request,
            method,
            path,
            query_data=values if method == "get" else {},
            post_data=values if values and method != "get" else None,
            obey_rate_limit=False,
        )
        for pause in (*PAUSES, None):
            self._asked_to_wait = None
            try:
                answer = within(self._seconds, ask)
            except REFUSALS as error:
                wait = self._wait(pause) if error.response_code in again else None
                if wait is None:
                    raise
            except (requests.RequestException, LibraryError) as error:
                wait = pause if safe and isinstance(error, requests.ConnectionError) else None
                if wait is None or isinstance(error, (requests.exceptions.SSLError, requests.Timeout)):
                    raise no_answer(self.url, error, self._seconds) from None
            else:
                return json_of(answer.content)
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, pause: float | None) -> float | None:
        if pause is None or self._asked_to_wait is None:
            return pause
        return self._asked_to_wait if self._asked_to_wait <= LONGEST_PAUSE else None

    def _heed(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        header = answer.headers.get("Retry-After", "")
        self._asked_to_wait = float(header) if header.isdecimal() else None

    def problem(self, error: LibraryError, did: str, may: str = _SCOPES) -> GitlabError:
        """Makes our error of GitLab's refusal. `may` is the hint for a token that lacks a permission."""
        code = error.response_code or 0
        words = _WORDS.get(code, f"GitLab answered with status {code}")
        fix = may if code == 403 else _FIXES.get(code, "GitLab's own log says why; try again later")
        if code == 403 and not isinstance(json_of(error.response_body), dict):
            words, fix = (
                "something in front of GitLab refused the request (status 403)",
                "ask the administrator of its proxy or firewall",
            )
        return (GitlabDownError if code in _AGAIN else GitlabError)(f"{self.url}, {did}: {words}", fix)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def json_of(body: Any) -> Any:
    """Returns None for a body that is no JSON: then something other than the API has answered."""
    try:
        return json.loads(body)
    except (TypeError, ValueError):
        return None
