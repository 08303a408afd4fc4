"""How a host's runners stand in GitLab, for the commands that tell it. Without a `gitlab` section it is never asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.model.common import Secret
from runnerops.model.gitlab import GitlabAccess, Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.redact import Redactor
from runnerops.secrets import Resolver
from runnerops.services.gitlab_runner.blockers.unknown_token import new_tokens, unknown_tokens, untold_tokens
from runnerops.services.gitlab_runner.observe.registered import merged, of_gitlab, registrations
from runnerops.services.gitlab_runner.verify.known_to_gitlab import checks
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Check

Down: TypeAlias = "dict[str, GitlabDownError]"
"""The GitLabs that did not answer in this command, by URL, each with what was said: no further host waits for them."""
NO_SYSTEM_ID = "its host has no system id yet, which gitlab-runner makes at its first start"
"""GitLab notes by it which machine asks: without one it would note a machine that does not exist."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What all hosts of a command are asked about with; `folder` is the inventory's."""

    folder: Path
    environ: Mapping[str, str]
    redactor: Redactor
    down: Down = field(default_factory=dict)


def ask_gitlab(host: Host, observed: HostState, asking: Asking) -> tuple[RunnerStatus, ...]:
    """Every runner of the host's file, those of the GitLab that its section names as GitLab tells of them."""
    found = registrations(observed)
    own = of_gitlab(host.gitlab.url, found) if host.gitlab else ()
    if host.gitlab is None or not own:
        return merged(found, ())
    asking.redactor.learn(one.token for one in own)
    token, problem, hint = _token(host.gitlab.token, asking.folder, asking.environ)
    asking.redactor.learn([token] if token else [])
    told = _told(replace(host.gitlab, token=token), own, _system_id(observed), asking.down)
    if problem:
        told = tuple(one if one.reason else replace(one, reason=problem, fix=hint) for one in told)
    return merged(found, told)


def ask_of_new_tokens(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, down: Down
) -> tuple[tuple[Blocker, ...], tuple[str, ...]]:
    """What blocks a deploy that brings tokens which GitLab does not know, and notes where GitLab did not answer.

    Tokens that the host has already are not asked about, so a deploy without new ones needs nothing of GitLab.
    """
    new = of_gitlab(host.gitlab.url, new_tokens(desired, observed)) if host.gitlab else ()
    if not new or host.gitlab is None:
        return (), ()
    if not (system_id := _system_id(observed)):
        return (), untold_tokens([replace(one, reason=NO_SYSTEM_ID) for one in merged(new, ())])
    told = _told(replace(host.gitlab, token=None), new, system_id, down)
    return unknown_tokens(told), untold_tokens(told)


def _system_id(observed: HostState) -> str:
    return observed.facts.runner.system_id if observed.facts.runner else ""


def _told(
    access: GitlabAccess, found: tuple[Registration, ...], system_id: str, down: Down
) -> tuple[RunnerStatus, ...]:
    """Of one that is known to be down nothing is asked: each host would wait for it anew."""
    from runnerops.gitlab.client import GitlabClient
    from runnerops.gitlab.runners import AskedRunners

    error: GitlabError | None = down.get(access.url)
    try:
        if error is None:
            token = access.token if isinstance(access.token, str) else ""
            asked = AskedRunners(GitlabClient(access.url, token, access.ca_file), system_id, may_read=bool(token))
            told = tuple(map(asked.about, found))
            if isinstance(asked.refused, GitlabDownError):
                down[access.url] = asked.refused
            return told
    except GitlabError as refused:
        error = refused
    return tuple(replace(one, reason=error.message, fix=error.hint) for one in merged(found, ()))


def in_gitlab(status: ServiceStatus, runners: tuple[RunnerStatus, ...]) -> ServiceStatus:
    """With what GitLab told: a system whose runner GitLab does not know does not work."""
    lost = any(one.known is False for one in runners)
    return replace(status, runners=runners, healthy=status.healthy and not lost)


def gitlab_checks(host: Host, observed: HostState, asking: Asking) -> tuple[Check, ...]:
    """What `verify` says of the host's runners in GitLab; nothing without a `gitlab` section."""
    if host.gitlab is None:
        return ()
    return tuple(checks(host, ask_gitlab(host, observed, asking)))


def _token(given: str | Secret | None, folder: Path, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """The API's token, else why it cannot be had, and the fix; all empty where none is given."""
    if not isinstance(given, Secret):
        return given or "", "", ""
    resolver = Resolver(environ, folder)
    value = resolver.resolve(given)
    for _, problem, hint in resolver.missing():
        return "", f"GitLab was asked without a token: {problem}", hint
    return value, "", ""
