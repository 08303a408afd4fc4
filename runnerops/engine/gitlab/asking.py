"""How a host's runners stand in GitLab, for the commands that tell it. Without a `gitlab` section it is never asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from runnerops.errors import GitlabDownError, GitlabError, NoRunnerError
from runnerops.model.common import Secret, Tree
from runnerops.model.gitlab import GitlabAccess, Registration, RunnerStatus, SettingsUpdate, Wish
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.redact import Redactor
from runnerops.secrets import Resolver
from runnerops.secrets.commands import RunCommand, run_command
from runnerops.services.gitlab_runner.blockers.other_place import other_place
from runnerops.services.gitlab_runner.blockers.unknown_token import new_tokens, unknown_tokens, untold_tokens
from runnerops.services.gitlab_runner.observe.registered import (
    merged,
    of_gitlab,
    registrations,
    rendered_registrations,
)
from runnerops.services.gitlab_runner.reconcile.created import to_be_created
from runnerops.services.gitlab_runner.verify.known_to_gitlab import checks
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Check

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

Answer = TypeVar("Answer")
Down: TypeAlias = "dict[str, GitlabDownError]"
"""The GitLabs that did not answer in this command, by URL, each with what was said: no further host waits for them."""
_CREATE_ANOTHER = (
    "where it was deleted there, deploy: that creates another, with a token of GitLab's API; where its token was reset:"
    " runnerops rotate"
)
_ANEW = "create the runner anew in GitLab, give its token in the inventory and deploy"
NO_SYSTEM_ID = "its host has no system id yet, which gitlab-runner makes at its first start"
"""GitLab notes by it which machine asks: without one it would note a machine that does not exist."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What all hosts of a command are asked about with; `folder` is the inventory's."""

    folder: Path
    environ: Mapping[str, str]
    redactor: Redactor
    down: Down = field(default_factory=dict)
    run: RunCommand = run_command
    """What runs a command that gives the token."""
    wishes: list[Wish] = field(default_factory=list)
    """What was compared in this command, of all hosts."""
    tell: Callable[[str, str], None] = lambda _host, _text: None
    """How it is told that something of a host is waited for."""
    deleted: set[int] = field(default_factory=set)
    """Runners of a host that left the inventory and are gone in GitLab by now, by their ids there."""
    may_wait: Callable[[], bool] = lambda: True

    def watched(self, access: GitlabAccess, ask: Callable[[], Answer]) -> Answer:
        """What it gives. Of one that is known to be down nothing is asked: each runner of each host would wait for it anew."""
        if error := self.down.get(access.url):
            raise error
        try:
            return ask()
        except GitlabDownError as error:
            self.down[access.url] = error
            raise


def ask_gitlab(host: Host, observed: HostState, asking: Asking) -> tuple[RunnerStatus, ...]:
    """Every runner of the host's file, those of the GitLab that its section names as GitLab tells of them."""
    found = registrations(observed)
    own = of_gitlab(host.gitlab.url, found) if host.gitlab else ()
    if host.gitlab is None or not own:
        return merged(found, ())
    asking.redactor.learn(one.token for one in own)
    token, problem, hint = _token(host.gitlab.token, asking)
    asking.redactor.learn([token] if token else [])
    told = _told(replace(host.gitlab, token=token), own, system_id_of(observed), asking.down)
    if problem:
        told = tuple(one if one.reason else replace(one, reason=problem, fix=hint) for one in told)
    return merged(found, tuple(_with_way_out(host, one) for one in told))


def _with_way_out(host: Host, one: RunnerStatus) -> RunnerStatus:
    """Of one that deploys create, and whose number is known: by that a deploy tells whether it was deleted."""
    return (
        replace(one, fix=_CREATE_ANOTHER) if one.known is False and one.id and one.name in host.gitlab_places else one
    )


def ask_of_new_tokens(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, down: Down
) -> tuple[tuple[Blocker, ...], tuple[str, ...]]:
    """What blocks a deploy that brings tokens which GitLab does not know, and notes where GitLab did not answer.

    Tokens that the host has already are not asked about, so a deploy without new ones needs nothing of GitLab.
    """
    new = of_gitlab(host.gitlab.url, new_tokens(desired, observed)) if host.gitlab else ()
    if not new or host.gitlab is None:
        return (), ()
    if not (system_id := system_id_of(observed)):
        return (), untold_tokens([replace(one, reason=NO_SYSTEM_ID) for one in merged(new, ())])
    told = _told(replace(host.gitlab, token=None), new, system_id, down)
    return unknown_tokens(told), untold_tokens(told)


def system_id_of(observed: HostState) -> str:
    """By which GitLab knows the machine; empty before gitlab-runner ran once."""
    return observed.facts.runner.system_id if observed.facts.runner else ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a deploy is to set in GitLab, what blocks it there, and notes of what could not be compared."""

    updates: tuple[SettingsUpdate, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    """Runners by name that deploys create, and that GitLab does not have any more, as their numbers and their tokens tell."""


def compare_settings(host: Host, desired: Sequence[RenderedFile], observed: HostState, asking: Asking) -> Compared:
    """Of the host's runners; GitLab is never asked where none has settings."""
    if host.gitlab is None or not host.gitlab_settings:
        return Compared()
    from runnerops.gitlab.settings import compare

    runners = {one.name: one for one in of_gitlab(host.gitlab.url, rendered_registrations(desired, observed))}
    updates: list[SettingsUpdate] = []
    blockers: list[Blocker] = []
    notes: list[str] = []
    lost: set[str] = set()
    client: GitlabClient | None = None
    awaited = to_be_created(desired)
    for name, wanted in host.gitlab_settings.items():
        if name in awaited:
            continue
        try:
            if name not in runners:
                raise GitlabError("config.toml has no token of this GitLab for it", "give it its token")
            client = client or by_token(host.gitlab, asking)
            place = host.gitlab_places.get(name)
            ask = partial(compare, client, runners[name], system_id_of(observed), wanted, place)
            update, there = asking.watched(host.gitlab, ask)
            updates.append(update)
            blockers += [other_place(name, there, place)] if there and place else []
            number = updates[-1].id
            asking.wishes.append(Wish((host.gitlab.url, number), host.name, name, wanted, number))
        except GitlabError as error:
            gone = isinstance(error, NoRunnerError) and name in host.gitlab_places
            if gone and token_is_lost(host, runners[name], observed):
                lost.add(name)
                continue
            text = f"the settings of runner {name} in GitLab could not be compared: {error.message}; {error.hint}"
            notes.append(text)
    return Compared(tuple(one for one in updates if one.changes), tuple(blockers), tuple(notes), frozenset(lost))


def update_settings(host: Host, updates: Sequence[SettingsUpdate], asking: Asking) -> tuple[GitlabError, ...]:
    """Sets what the plan says, and reads it back; what was not done, each with why and the fix."""
    from runnerops.gitlab.settings import update

    assert host.gitlab
    client: GitlabClient | None = None
    errors: dict[str, GitlabError] = {}
    for one in updates:
        try:
            client = client or by_token(host.gitlab, asking)
            asking.watched(host.gitlab, partial(update, client, one))
        except GitlabError as error:
            errors[error.message] = error
    return tuple(errors.values())


def token_is_lost(host: Host, one: Registration, observed: HostState) -> bool:
    """Whether GitLab knows no runner with this token; not, where it is not asked or does not say."""
    if host.gitlab is None or not of_gitlab(host.gitlab.url, [one]):
        return False
    (told,) = _told(replace(host.gitlab, token=None), (one,), system_id_of(observed), {})
    return told.known is False


def others_with_token(host: Host, one: Registration, observed: HostState, asking: Asking) -> tuple[str, ...]:
    """Machines beside this one that asked for jobs with its token in the last week or so, by system id. Raises GitlabError.

    None where the inventory has no token of the API, or the file no number of the runner.
    """
    own = system_id_of(observed)
    if host.gitlab is None or not host.gitlab.token or not (one.id and own) or not of_gitlab(host.gitlab.url, [one]):
        return ()
    from runnerops.gitlab.pausing import others_among

    client = by_token(host.gitlab, asking)
    found = asking.watched(host.gitlab, partial(client.managers, one.id))
    return others_among(found or (), own)


def token_by_number(host: Host, one: Registration, asking: Asking) -> Tree:
    """What GitLab gives in place of a token that is lost, by the runner's `id`, as config.toml has it. Raises GitlabError."""
    from datetime import UTC, datetime

    from runnerops.gitlab.runners import moment

    assert host.gitlab
    if not one.id:
        raise GitlabError(f"config.toml does not say which number runner {one.name} has in GitLab", _ANEW)
    client = by_token(host.gitlab, asking)
    given = asking.watched(host.gitlab, partial(client.reset_token, one.id))
    asking.redactor.learn([str(given["token"])])
    dates = {"token_obtained_at": datetime.now(UTC).replace(microsecond=0)}
    if expires := moment(given.get("token_expires_at")):
        dates["token_expires_at"] = expires.astimezone(UTC).replace(microsecond=0)
    return {"id": one.id, "token": str(given["token"]), **dates}


def by_token(access: GitlabAccess, asking: Asking) -> GitlabClient:
    """A client with the API's token. Raises GitlabError where there is no token, or no file of the CA."""
    from runnerops.gitlab.client import GitlabClient

    token, problem, hint = _token(access.token, asking)
    asking.redactor.learn([token] if token else [])
    if not token:
        raise GitlabError(problem or f"{access.url} was asked without a token of its API", hint)
    return GitlabClient(access.url, token, access.ca_file)


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
            source = AskedRunners(GitlabClient(access.url, token, access.ca_file), system_id, may_read=bool(token))
            told = tuple(map(source.about, found))
            if isinstance(source.refused, GitlabDownError):
                down[access.url] = source.refused
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
    return tuple(checks(host, ask_gitlab(host, observed, asking), observed))


def _token(given: str | Secret | None, asking: Asking) -> tuple[str, str, str]:
    """The API's token, else why it cannot be had, and the fix; all empty where none is given."""
    if not isinstance(given, Secret):
        return given or "", "", ""
    resolver = Resolver(asking.environ, asking.folder, asking.run)
    value = resolver.resolve(given)
    for _, problem, hint in resolver.missing():
        return "", f"GitLab was asked without a token: {problem}", hint
    return value, "", ""
