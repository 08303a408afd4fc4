"""Requests to the stand-in for GitLab without HTTP, for tests that send thousands: it is called in the same thread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import gitlab
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from runnerops.gitlab.client import GitlabClient
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import exchanged


class DirectClient(GitlabClient):
    """The client as it is, but for the connection. An answer that is cut off is a ConnectionError, as over HTTP."""

    def __init__(self, stand_in: GitLab, url: str, token: str = "", ca_file: str = "") -> None:
        super().__init__(url, token, ca_file)
        self._adapter = _Direct(stand_in)
        self._connect(self.by_nobody)

    @cached_property
    def by_token(self) -> gitlab.Gitlab:
        library = super().by_token
        self._connect(library)
        return library

    def _connect(self, library: gitlab.Gitlab) -> None:
        library.session.mount(self.url, self._adapter)
        library.session.trust_env = False  # there is no connection that could go through a proxy


class _Direct(BaseAdapter):
    def __init__(self, stand_in: GitLab) -> None:
        super().__init__()
        self._stand_in = stand_in

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002
        timeout: float | tuple[float | None, float | None] | None = None,  # noqa: ARG002
        verify: bool | str = True,  # noqa: ARG002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        text = request.body.decode() if isinstance(request.body, bytes) else ""
        headers = {name: str(value) for name, value in request.headers.items()}
        answer = exchanged(self._stand_in.answer, request.method or "", request.path_url, text, headers)
        assert not answer.late_s, "nothing is late without HTTP"
        if not answer.status:
            raise requests.ConnectionError
        response = requests.Response()
        response.request, response.url, response.status_code = request, request.url or "", answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response._content = answer.content
        return response

    def close(self) -> None:
        """Nothing is open."""
