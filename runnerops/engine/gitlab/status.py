"""The status of runners in GitLab, for the commands that report it."""

from __future__ import annotations

from dataclasses import replace

from runnerops.engine.gitlab.asking import Asking, Down, api_token, system_id_of
from runnerops.errors import GitlabDownError, GitlabError
from runnerops.model.gitlab import GitlabAccess, Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.lost_token import way_out
from runnerops.services.gitlab_runner.observe.registered import (
    merged,
    of_gitlab,
    registrations,
)
from runnerops.services.gitlab_runner.verify.known_to_gitlab import checks
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Check


def ask_gitlab(host: Host, observed: HostState, asking: Asking) -> tuple[RunnerStatus, ...]:
    """The status of every runner of the host's file. GitLab is asked about those of the GitLab that the inventory
    names.
    """
    found = registrations(observed)
    own = of_gitlab(host.gitlab.url, found) if host.gitlab else ()
    if host.gitlab is None or not own:
        return merged(found, ())
    asking.redactor.learn(one.token for one in own)
    token, problem, hint = api_token(host.gitlab.token, asking)
    asking.redactor.learn([token] if token else [])
    told = statuses_of(replace(host.gitlab, token=token), own, system_id_of(observed), asking.down)
    if problem:
        told = tuple(one if one.reason else replace(one, reason=problem, fix=hint) for one in told)
    return merged(found, tuple(_with_way_out(host, one) for one in told))


def _with_way_out(host: Host, one: RunnerStatus) -> RunnerStatus:
    """Adds the command that gets a new token, if GitLab does not accept the runner's token."""
    return replace(one, fix=way_out(host, one.name, one.id) or one.fix) if one.known is False else one


def statuses_of(
    access: GitlabAccess, found: tuple[Registration, ...], system_id: str, down: Down
) -> tuple[RunnerStatus, ...]:
    """The status of each runner. A GitLab that did not answer before is not asked again, or the command would wait for
    it at each host.
    """
    from runnerops.gitlab.client import GitlabClient
    from runnerops.gitlab.runners import AskedRunners

    error: GitlabError | None = down.get(access.url)
    try:
        if error is None:
            token = access.token if isinstance(access.token, str) else ""
            source = AskedRunners(GitlabClient(access.url, token, access.ca_file), system_id, may_read=bool(token))
            told = tuple(map(source.about, found))
            if isinstance(source.refused, GitlabDownError):
                down[access.url] = source.refused
            return told
    except GitlabError as refused:
        error = refused
    return tuple(replace(one, reason=error.message, fix=error.hint) for one in merged(found, ()))


def in_gitlab(status: ServiceStatus, runners: tuple[RunnerStatus, ...]) -> ServiceStatus:
    """Adds GitLab's answers. If GitLab does not know one of the runners, the service counts as not working."""
    lost = any(one.known is False for one in runners)
    return replace(status, runners=runners, healthy=status.healthy and not lost)


def gitlab_checks(host: Host, observed: HostState, asking: Asking) -> tuple[Check, ...]:
    """The checks of `verify` on the host's runners in GitLab; none without a `gitlab` section."""
    if host.gitlab is None:
        return ()
    return tuple(checks(host, ask_gitlab(host, observed, asking), observed))
