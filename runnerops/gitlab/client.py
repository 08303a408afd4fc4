"""The calls of GitLab's API that runnerops uses, one method each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from runnerops.gitlab.calls import REFUSALS, Calls, json_of
from runnerops.gitlab.session import strange

PER_PAGE = 100
"""Items in one page of a list; GitLab allows no more."""
_MAY_CREATE = (
    "give a token with the scope `create_runner` (or `api`), of an Owner of the group, a Maintainer of the project, or an"
    " administrator for an instance runner"
)
_MAY_LIST = (
    "give a token with the scope `read_api` too (or `api`), of an Owner of the group, a Maintainer of the project, or an"
    " administrator for an instance runner: it is needed to find what an interrupted deploy left there"
)


class GitlabClient(Calls):
    """One GitLab, for one thread. Without `token`, only the runners' own tokens are used."""

    def verify(self, token: str, system_id: str) -> Mapping[str, Any] | None:
        """Returns what GitLab says about the runner with this token (`id`, `token_expires_at`); None if GitLab knows
        none.

        `system_id` is that of the runner's host. Without one, GitLab would record a machine that does not exist. A
        GitLab before 15.10 says nothing about the runner. Raises GitlabError.
        """
        sent = {"token": token, **({"system_id": system_id} if system_id else {})}
        try:
            answer = self.call(self.by_nobody, "post", "/runners/verify", sent)
        except REFUSALS as error:
            if error.response_code == 403 and isinstance(json_of(error.response_body), dict):
                return None
            raise self.problem(error, "asked whether it knows a runner") from None
        if isinstance(answer, dict):
            return answer
        if str(answer) == "200":
            return {}
        raise strange(self.url)

    def runner(self, number: int) -> Mapping[str, Any] | None:
        """`GET /runners/:id`. Returns None if there is no such runner, or the token may not see it.
        Raises GitlabError.
        """
        try:
            answer = self.call(self.by_token, "get", f"/runners/{number}")
        except REFUSALS as error:
            if error.response_code == 404 and isinstance(json_of(error.response_body), dict):
                return None
            raise self.problem(error, f"asked for runner {number}") from None
        if isinstance(answer, dict):
            return answer
        raise strange(self.url)

    def update_runner(self, number: int, settings: Mapping[str, Any]) -> None:
        """`PUT /runners/:id` with GitLab's own names. Other settings stay as they are. Raises GitlabError.

        It may be sent several times. After an error, the settings may be in effect nevertheless: only the answer may be
        lost.
        """
        try:
            answer = self.call(self.by_token, "put", f"/runners/{number}", settings)
        except REFUSALS as error:
            raise self.problem(error, f"told to update runner {number}") from None
        if not isinstance(answer, dict):
            raise strange(self.url)

    def running_jobs(self, number: int, system_id: str) -> int:
        """Counts the running jobs of a runner on this machine (`GET /runners/:id/jobs`), up to 100. Only jobs of
        projects that the token may read are counted. Raises GitlabError.

        An older GitLab ignores `system_id`, and counts the jobs of all machines that use the runner's token.
        """
        query = {"status": "running", "per_page": PER_PAGE, **({"system_id": system_id} if system_id else {})}
        try:
            answer = self.call(self.by_token, "get", f"/runners/{number}/jobs", query)
        except REFUSALS as error:
            raise self.problem(error, f"asked for the jobs of runner {number}") from None
        if isinstance(answer, list):
            return len(answer)
        raise strange(self.url)

    def managers(self, number: int) -> tuple[Mapping[str, Any], ...] | None:
        """`GET /runners/:id/managers`: the machines that use the runner's token (`system_id`, `status`). None if this
        GitLab has no such list. Raises GitlabError.
        """
        try:
            answer = self.call(self.by_token, "get", f"/runners/{number}/managers")
        except REFUSALS as error:
            if error.response_code == 404:
                return None
            raise self.problem(error, f"asked which machines have the token of runner {number}") from None
        if isinstance(answer, list):
            return tuple(entry for entry in answer if isinstance(entry, dict))
        raise strange(self.url)

    def reset_token(self, number: int) -> Mapping[str, Any]:
        """`POST /runners/:id/reset_authentication_token`. Returns `token`, and `token_expires_at` if it expires. Raises
        GitlabError.

        Each call returns another token, and only the last one is valid. So the call may be repeated after an answer was
        lost.
        """
        try:
            answer = self.call(self.by_token, "post", f"/runners/{number}/reset_authentication_token")
        except REFUSALS as error:
            raise self.problem(error, f"asked for a new token of runner {number}") from None
        if isinstance(answer, dict) and isinstance(answer.get("token"), str) and answer["token"]:
            return answer
        raise strange(self.url)

    def create_runner(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """`POST /user/runners` with GitLab's own names. Returns `id`, `token` and `token_expires_at` of the new runner.

        After a GitlabDownError, the runner may exist nevertheless, or be created later. So the request is repeated only
        if GitLab says that it did not accept it (429). Raises GitlabError.
        """
        try:
            answer = self.call(self.by_token, "post", "/user/runners", settings, safe=False)
        except REFUSALS as error:
            raise self.problem(error, "told to create a runner", _MAY_CREATE) from None
        if isinstance(answer, dict) and isinstance(answer.get("id"), int) and isinstance(answer.get("token"), str):
            return answer
        raise strange(self.url)

    def delete_runner(self, number: int) -> None:
        """`DELETE /runners/:id`. A runner that does not exist any more is no error. Raises GitlabError."""
        try:
            self.call(self.by_token, "delete", f"/runners/{number}")
        except REFUSALS as error:
            if error.response_code != 404:
                raise self.problem(error, f"told to delete runner {number}") from None

    def runners(self, path: str, kind: str) -> Iterator[Mapping[str, Any]]:
        """Returns all runners of this type in a list of GitLab, e.g. `group_type` at `/groups/42/runners`. Raises
        GitlabError.
        """
        for page in count(1):
            query = {"type": kind, "per_page": PER_PAGE, "page": page}
            try:
                answer = self.call(self.by_token, "get", path, query)
            except REFUSALS as error:
                raise self.problem(error, f"asked for the runners at {path}", _MAY_LIST) from None
            if not isinstance(answer, list):
                raise strange(self.url)
            yield from (entry for entry in answer if isinstance(entry, dict))
            if len(answer) < PER_PAGE:
                return

    def number(self, path: str) -> int:
        """Returns the `id` of the object at a path, e.g. `/groups/team%2Fci`. Raises GitlabError."""
        try:
            answer = self.call(self.by_token, "get", path)
        except REFUSALS as error:
            raise self.problem(error, f"asked for {path}", _MAY_LIST) from None
        if isinstance(answer, dict) and isinstance(answer.get("id"), int):
            return int(answer["id"])
        raise strange(self.url)
