"""The status of runners in GitLab and what is still to be deleted there, for the commands that report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from runnerops.engine.gitlab.context import GitlabContext, UnreachableGitlabs, api_client, api_token, system_id_of
from runnerops.errors import GitlabDownError, GitlabError
from runnerops.model.gitlab import GitlabAccess, Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.report.paused import continue_command
from runnerops.services.gitlab_runner.lost_token import way_out
from runnerops.services.gitlab_runner.observe.registered import (
    merge_statuses,
    of_gitlab,
    registrations,
)
from runnerops.services.gitlab_runner.reconcile.leaving import runners_taken_off
from runnerops.services.gitlab_runner.verify.known_to_gitlab import checks
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Check


def ask_gitlab(host: Host, observed: HostState, gitlab_context: GitlabContext) -> tuple[RunnerStatus, ...]:
    """The status of every runner of the host's file. GitLab is asked about those of the GitLab that the inventory
    names.
    """
    registered = registrations(observed)
    in_gitlab = of_gitlab(host.gitlab.url, registered) if host.gitlab else ()
    if host.gitlab is None or not in_gitlab:
        return merge_statuses(registered, ())
    gitlab_context.redactor.learn(registration.token for registration in in_gitlab)
    token, problem, hint = api_token(host.gitlab.token, gitlab_context)
    gitlab_context.redactor.learn([token] if token else [])
    statuses = runner_statuses(
        replace(host.gitlab, token=token), in_gitlab, system_id_of(observed), gitlab_context.down
    )
    if problem:
        statuses = tuple(status if status.reason else replace(status, reason=problem, fix=hint) for status in statuses)
    return merge_statuses(registered, tuple(_with_way_out(host, status) for status in statuses))


def _with_way_out(host: Host, status: RunnerStatus) -> RunnerStatus:
    """Adds the command that gets a new token, if GitLab does not accept the runner's token."""
    return (
        replace(status, fix=way_out(host, status.name, status.id) or status.fix) if status.is_known is False else status
    )


def runner_statuses(
    access: GitlabAccess, registered: tuple[Registration, ...], system_id: str, down: UnreachableGitlabs
) -> tuple[RunnerStatus, ...]:
    """The status of each runner. A GitLab that did not answer before is not asked again, or the command would wait for
    it at each host.
    """
    from runnerops.gitlab.client import GitlabClient
    from runnerops.gitlab.runners import RunnerQueries

    error: GitlabError | None = down.get(access.url)
    try:
        if error is None:
            token = access.token if isinstance(access.token, str) else ""
            source = RunnerQueries(GitlabClient(access.url, token, access.ca_file), system_id, may_read=bool(token))
            statuses = tuple(map(source.status_of, registered))
            if isinstance(source.refused, GitlabDownError):
                down[access.url] = source.refused
            return statuses
    except GitlabError as refused:
        error = refused
    return tuple(replace(status, reason=error.message, fix=error.hint) for status in merge_statuses(registered, ()))


def with_gitlab_status(status: ServiceStatus, runners: tuple[RunnerStatus, ...]) -> ServiceStatus:
    """Adds GitLab's answers. If GitLab does not know one of the runners, the service counts as not working."""
    lost = any(runner.is_known is False for runner in runners)
    return replace(status, runners=runners, healthy=status.healthy and not lost)


def gitlab_checks(host: Host, observed: HostState, gitlab_context: GitlabContext) -> tuple[Check, ...]:
    """The checks of `verify` on the host's runners in GitLab; none without a `gitlab` section."""
    if host.gitlab is None:
        return ()
    return tuple(checks(host, ask_gitlab(host, observed, gitlab_context), observed))


def pending_deletions(host: Host, observed: HostState, gitlab_context: GitlabContext) -> Mapping[int, str]:
    """For each runner that a run took off the host and that GitLab still has, or may have: a sentence with the way to
    continue, by GitLab's id. GitLab is asked only if such a runner is on record, which it is until the next run after
    the one that took it off.
    """
    sentences: dict[int, str] = {}
    for number, name in runners_taken_off(host, observed).items():
        assert host.gitlab
        try:
            client = api_client(host.gitlab, gitlab_context)
            if gitlab_context.call(host.gitlab, partial(client.runner, number)) is None:
                continue
        except GitlabError as error:
            sentences[number] = (
                f"whether runner {name} ({number}) is still to be deleted in GitLab is not known: {error.message}"
            )
        else:
            go_on = continue_command(host.name, observed.last)
            sentences[number] = f"runner {name} ({number}) is off the host and still to be deleted in GitLab: {go_on}"
    return sentences
