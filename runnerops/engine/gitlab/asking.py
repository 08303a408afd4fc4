"""What GitLab is asked with by a command, for all of its hosts: the token, what is down, whom to tell of a wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.frozen import frozen
from runnerops.model.common import Secret
from runnerops.model.gitlab import GitlabAccess, Wish
from runnerops.model.host_state import HostState
from runnerops.redact import Redactor
from runnerops.secrets import Resolver
from runnerops.secrets.commands import RunCommand, run_command

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

Answer = TypeVar("Answer")
Down: TypeAlias = "dict[str, GitlabDownError]"
"""The GitLabs that did not answer in this command, by URL, each with what was said: no further host waits for them."""


@frozen
class Asking:
    """What GitLab is asked with by one command; all its hosts share it. `folder` is the inventory's."""

    folder: Path
    environ: Mapping[str, str]
    redactor: Redactor
    down: Down = field(default_factory=dict)
    run: RunCommand = run_command
    """What runs a command that gives the token."""
    wishes: list[Wish] = field(default_factory=list)
    """What was compared in this command, of all hosts."""
    tell: Callable[[str, str], None] = lambda _host, _text: None
    """Shows, by host, what is waited for."""
    deleted: set[int] = field(default_factory=set)
    """Runners of a host that left the inventory and are gone in GitLab by now, by their ids there."""
    may_wait: Callable[[], bool] = lambda: True
    """Whether jobs of a runner may be waited for: not with `--no-wait`, nor after an interrupt."""

    def watched(self, access: GitlabAccess, ask: Callable[[], Answer]) -> Answer:
        """The result of `ask`. A GitLab that is known to be down is not asked again: each runner would wait for it anew.

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
    """The id by which GitLab knows the machine; empty before gitlab-runner ran once."""
    return observed.facts.runner.system_id if observed.facts.runner else ""


def by_token(access: GitlabAccess, asking: Asking) -> GitlabClient:
    """A client with the API's token. Raises GitlabError where there is no token, or no file of the CA."""
    from runnerops.gitlab.client import GitlabClient

    token, problem, hint = api_token(access.token, asking)
    asking.redactor.learn([token] if token else [])
    if not token:
        raise GitlabError(problem or f"{access.url} was asked without an API token", hint)
    return GitlabClient(access.url, token, access.ca_file)


def api_token(given: str | Secret | None, asking: Asking) -> tuple[str, str, str]:
    """The API's token, else why it cannot be had, and the fix; all empty where none is given."""
    if not isinstance(given, Secret):
        return given or "", "", ""
    resolver = Resolver(asking.environ, asking.folder, asking.run)
    value = resolver.resolve(given)
    for _, problem, hint in resolver.missing():
        return "", f"GitLab was asked without a token: {problem}", hint
    return value, "", ""
