"""The status of a host's runners in GitLab, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.frozen import mutable
from runnerops.gitlab.client import GitlabClient
from runnerops.model.gitlab import Registration, RunnerStatus

MARK = "(not deployed yet, runnerops "
"""The beginning of a description as long as the deploy that created the runner has not ended."""
UNKNOWN = "GitLab does not know its token (403): the runner was deleted there, or its token was reset"
UNKNOWN_FIX = "create it in GitLab again, write its token into the inventory and deploy"


@mutable
class RunnerQueries:
    """Asks one GitLab about the runners of one host. `may_read`: the client has a token of the API, so details are
    asked for too.
    """

    client: GitlabClient
    system_id: str
    may_read: bool
    refused: GitlabError | None = None
    """The error after which asking about further runners is useless."""

    def status_of(self, registration: Registration) -> RunnerStatus:
        """Returns what GitLab says about this runner, or why it says nothing."""
        status = RunnerStatus(
            registration.name, registration.url, expires_at=registration.expires_at, id=registration.id
        )
        if self.refused is None:
            try:
                answer = self.client.verify(registration.token, self.system_id)
            except GitlabError as error:
                self.refused = error
            else:
                return self._known(registration, status, answer)
        return replace(status, reason=self.refused.message, fix=self.refused.hint)

    def _known(
        self, registration: Registration, status: RunnerStatus, answer: Mapping[str, Any] | None
    ) -> RunnerStatus:
        if answer is None:
            return replace(status, is_known=False, reason=UNKNOWN, fix=UNKNOWN_FIX)
        number = answer.get("id")
        runner_status = replace(
            status,
            is_known=True,
            expires_at=moment(answer.get("token_expires_at"))
            if "token_expires_at" in answer
            else registration.expires_at,
            id=number if isinstance(number, int) else registration.id,
        )
        if not self.may_read or not runner_status.id:
            return runner_status
        try:
            details = self.client.runner(runner_status.id) or {}
        except GitlabError as error:
            if isinstance(error, GitlabDownError):
                self.refused = error
            return replace(runner_status, reason=error.message, fix=error.hint)
        paused = details.get("paused")
        online = str(details.get("status") or "")
        if MARK in str(details.get("description")):
            reason = "it is marked in GitLab as not deployed yet: the deploy that created it was interrupted"
            runner_status = replace(runner_status, reason=reason, fix="deploy its host, which completes or deletes it")
        return replace(runner_status, paused=paused if isinstance(paused, bool) else None, online=online)


def moment(text: Any) -> datetime | None:
    """Parses a time as GitLab writes it (ISO 8601). Returns None if the text is empty or not a time."""
    try:
        parsed = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed and not parsed.tzinfo else parsed
