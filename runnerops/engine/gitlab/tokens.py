"""Tokens of runners: whether GitLab knows them, which machines use them, and new tokens in place of lost ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from runnerops.engine.gitlab.context import GitlabContext, UnreachableGitlabs, api_client, system_id_of
from runnerops.engine.gitlab.status import runner_statuses
from runnerops.errors import GitlabError
from runnerops.model.common import Tree
from runnerops.model.gitlab import Registration
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.blockers.in_gitlab import (
    new_tokens,
    notes_on_unchecked_tokens,
    unknown_token_blockers,
)
from runnerops.services.gitlab_runner.observe.registered import (
    merge_statuses,
    of_gitlab,
)

_ANEW = "create the runner in GitLab again, write its token into the inventory and deploy"


NO_SYSTEM_ID = "its host has no system id yet, which gitlab-runner creates at its first start"
"""GitLab records by this id which machine asks. Without one, it would record a machine that does not exist."""


def check_new_tokens(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, down: UnreachableGitlabs
) -> tuple[tuple[Blocker, ...], tuple[str, ...]]:
    """Returns blockers for new tokens that GitLab does not know, and notes if GitLab did not answer.

    Only tokens that the host does not have yet are checked, so a deploy without new tokens does not depend on GitLab.
    """
    new = of_gitlab(host.gitlab.url, new_tokens(desired, observed)) if host.gitlab else ()
    if not new or host.gitlab is None:
        return (), ()
    if not (system_id := system_id_of(observed)):
        return (), notes_on_unchecked_tokens(
            [replace(status, reason=NO_SYSTEM_ID) for status in merge_statuses(new, ())]
        )
    statuses = runner_statuses(replace(host.gitlab, token=None), new, system_id, down)
    return unknown_token_blockers(statuses), notes_on_unchecked_tokens(statuses)


def token_is_lost(host: Host, registration: Registration, observed: HostState) -> bool:
    """Whether GitLab knows no runner with this token. False if it is not asked or does not say."""
    if host.gitlab is None or not of_gitlab(host.gitlab.url, [registration]):
        return False
    (status,) = runner_statuses(replace(host.gitlab, token=None), (registration,), system_id_of(observed), {})
    return status.is_known is False


def other_machines_with_token(
    host: Host, registration: Registration, observed: HostState, gitlab_context: GitlabContext
) -> tuple[str, ...]:
    """System ids of other machines that asked for jobs with the runner's token in the last week or so. Raises
    GitlabError.

    Empty if the inventory has no token of the API, or config.toml no id of the runner.
    """
    system_id = system_id_of(observed)
    if (
        host.gitlab is None
        or not host.gitlab.token
        or not (registration.id and system_id)
        or not of_gitlab(host.gitlab.url, [registration])
    ):
        return ()
    from runnerops.gitlab.pausing import other_machines

    client = api_client(host.gitlab, gitlab_context)
    managers = gitlab_context.call(host.gitlab, partial(client.managers, registration.id))
    return other_machines(managers or (), system_id)


def reset_token_by_id(host: Host, registration: Registration, gitlab_context: GitlabContext) -> Tree:
    """Has GitLab replace a lost token, by the runner's `id`. Returns the new one with the keys of config.toml. Raises
    GitlabError.
    """
    from datetime import UTC, datetime

    from runnerops.gitlab.runners import moment

    assert host.gitlab
    if not registration.id:
        raise GitlabError(f"config.toml does not contain the id of runner {registration.name} in GitLab", _ANEW)
    client = api_client(host.gitlab, gitlab_context)
    answer = gitlab_context.call(host.gitlab, partial(client.reset_token, registration.id))
    gitlab_context.redactor.learn([str(answer["token"])])
    dates = {"token_obtained_at": datetime.now(UTC).replace(microsecond=0)}
    if expires := moment(answer.get("token_expires_at")):
        dates["token_expires_at"] = expires.astimezone(UTC).replace(microsecond=0)
    return {"id": registration.id, "token": str(answer["token"]), **dates}
