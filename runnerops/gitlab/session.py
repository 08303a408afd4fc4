"""How GitLab's API is reached: the library's object for one GitLab, and what it means that there was no answer.

No redirect is followed: it would take the token along, to wherever it leads.
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
    """One that goes where it is sent and nowhere else."""
    session = requests.Session()
    session.max_redirects = 0
    return session


def library_of(url: str, token: str, ca_file: str, seconds: float, *, job: bool = False) -> gitlab.Gitlab:
    """`job`: the token is a CI job's own. Raises GitlabError for a token or a file that can be none."""
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
    """Raises GitlabError where no certificate can be had from the file."""
    if ca_file and (problem := ca_problem(ca_file)):
        raise GitlabError(f"{url}: {problem}", _NAME_CA)


def no_answer(url: str, error: Exception, seconds: float) -> GitlabDownError:
    """In words, without anything of the error's own."""
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
    """The error for a server that is no GitLab."""
    return GitlabError(f"{url} does not answer as GitLab's API does", "check whether the address is GitLab's")


def within(seconds: float, ask: Callable[[], Answered]) -> Answered:
    """What it gives. Raises requests.Timeout when the time is over: its own limit is for each wait alone, so an answer that
    drips would never end, and a name's resolution has none. The thread is left behind."""
    answer: Future[Answered] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # raised again where the answer is waited for
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        raise requests.Timeout from None
