"""What the hosts of one command share when GitLab is asked: the token, GitLabs that are down, and where waits are
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.frozen import frozen
from runnerops.model.common import Secret
from runnerops.model.gitlab import DesiredSettings, GitlabAccess
from runnerops.model.host_state import HostState
from runnerops.redact import Redactor
from runnerops.secrets import Resolver
from runnerops.secrets.commands import RunCommand, run_command

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

Answer = TypeVar("Answer")
UnreachableGitlabs: TypeAlias = "dict[str, GitlabDownError]"
"""By URL, the GitLabs that did not answer in this command, with the error. No further host waits for them."""


@frozen
class GitlabContext:
    """What the hosts of one command share when GitLab is asked. `folder` is that of the inventory."""

    folder: Path
    environ: Mapping[str, str]
    redactor: Redactor
    down: UnreachableGitlabs = field(default_factory=dict)
    run: RunCommand = run_command
    """Runs the command that prints the token, if the inventory names one."""
    desired_settings: list[DesiredSettings] = field(default_factory=list)
    """The settings of all hosts that were compared in this command."""
    tell: Callable[[str, str], None] = lambda _host, _text: None
    """Shows what is waited for, by host."""
    deleted: set[int] = field(default_factory=set)
    """By GitLab's id, runners that left the inventory and were deleted in GitLab by this command."""
    may_wait: Callable[[], bool] = lambda: True
    """Whether waiting for the jobs of a runner is allowed. It is not with `--no-wait`, nor after an interrupt."""

    def call(self, access: GitlabAccess, ask: Callable[[], Answer]) -> Answer:
        """Returns the result of `ask`. A GitLab that did not answer before is not asked again, or the command would
        wait for it at each runner.

        Raises GitlabError.
        """
        if error := self.down.get(access.url):
            raise error
        try:
            return ask()
        except GitlabDownError as error:
            self.down[access.url] = error
            raise


def system_id_of(observed: HostState) -> str:
    """The system id by which GitLab knows the machine. It is empty until gitlab-runner has run once."""
    return observed.facts.runner.system_id if observed.facts.runner else ""


def api_client(access: GitlabAccess, gitlab_context: GitlabContext) -> GitlabClient:
    """Returns a client with the token of the API. Raises GitlabError if the token or the CA file is missing."""
    from runnerops.gitlab.client import GitlabClient

    token, problem, hint = api_token(access.token, gitlab_context)
    gitlab_context.redactor.learn([token] if token else [])
    if not token:
        raise GitlabError(problem or f"{access.url} was asked without an API token", hint)
    return GitlabClient(access.url, token, access.ca_file)


def api_token(token: str | Secret | None, gitlab_context: GitlabContext) -> tuple[str, str, str]:
    """Returns the token of the API, or else the problem and the fix. All three are empty if the inventory names no
    token.
    """
    if not isinstance(token, Secret):
        return token or "", "", ""
    resolver = Resolver(gitlab_context.environ, gitlab_context.folder, gitlab_context.run)
    value = resolver.resolve(token)
    for _, problem, hint in resolver.missing():
        return "", f"GitLab was asked without a token: {problem}", hint
    return value, "", ""
