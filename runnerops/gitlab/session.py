"""The connection to GitLab's API: the library's object for one GitLab, and errors for missing answers.

No redirect is followed, because the token would be sent to wherever it leads.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import gitlab
import requests

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.ca import ca_problem

Answered = TypeVar("Answered")
_NAME_CA = "name its CA: `gitlab: {ca_file: PATH}` in an inventory, CI_SERVER_TLS_CA_FILE in a job"


def new_session() -> requests.Session:
    """Returns a session that follows no redirects."""
    session = requests.Session()
    session.max_redirects = 0
    return session


def library_of(url: str, token: str, ca_file: str, seconds: float, *, job: bool = False) -> gitlab.Gitlab:
    """Returns the library's object for one GitLab. `job`: the token is that of a CI job. Raises GitlabError for a
    malformed token or an unusable CA file.
    """
    check_ca(url, ca_file)
    if not re.fullmatch(r"[!-~]*", token):
        raise GitlabError(
            f"{url}: its token has a space, a line break or another invalid character", "write only the token"
        )
    return gitlab.Gitlab(
        url,
        private_token=None if job else token or None,
        job_token=token if job else None,
        ssl_verify=ca_file or True,
        timeout=seconds,
        session=new_session(),
    )


def check_ca(url: str, ca_file: str) -> None:
    """Raises GitlabError if no certificate can be read from the file."""
    if ca_file and (problem := ca_problem(ca_file)):
        raise GitlabError(f"{url}: {problem}", _NAME_CA)


def no_answer(url: str, error: Exception, seconds: float) -> GitlabDownError:
    """Describes a missing answer in our words, without any text of the library's error."""
    if isinstance(error, requests.exceptions.SSLError):
        return GitlabDownError(f"{url}: its certificate is not trusted", _NAME_CA)
    if isinstance(error, requests.TooManyRedirects):
        return GitlabDownError(f"{url} redirects", "write the address that it redirects to, with its scheme")
    if isinstance(error, requests.Timeout):
        return GitlabDownError(f"{url} does not answer within {seconds:.0f} s", "try again later")
    if isinstance(error, requests.exceptions.ProxyError):
        return GitlabDownError(f"{url} is not reached through the proxy", "look at HTTPS_PROXY and NO_PROXY")
    return GitlabDownError(f"{url} is not reached", "check its address, DNS and the network")


def strange(url: str) -> GitlabError:
    """Returns the error for a server that is not GitLab."""
    return GitlabError(f"{url} does not answer as GitLab's API does", "check whether the address is GitLab's")


def within(seconds: float, ask: Callable[[], Answered]) -> Answered:
    """Returns the result of `ask`. Raises requests.Timeout when the time is over. The limit of requests itself counts
    for each wait alone, so it ends neither an answer that arrives byte by byte nor the resolution of a name. The thread
    is left running.
    """
    answer: Future[Answered] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # raised again by the caller that waits for the answer
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        raise requests.Timeout from None
