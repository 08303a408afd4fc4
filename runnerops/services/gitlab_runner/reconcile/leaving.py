"""Runners that the inventory managed in GitLab and does not ask for any more. Three sources are compared: the record on
the host, what the host has, and what is asked for. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from runnerops.frozen import frozen
from runnerops.model.common import ABSENT, Secret
from runnerops.model.gitlab import Managed, Registration
from runnerops.model.host_state import HostState, SecretFingerprints, fingerprint
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import NAME, config_path, runners_of
from runnerops.services.gitlab_runner.observe.registered import (
    of_gitlab,
    registrations,
    registrations_in,
    rendered_registrations,
)
from runnerops.services.gitlab_runner.reconcile.created import to_be_created
from runnerops.services.gitlab_runner.reconcile.tokens import names_of


@frozen
class LeavingRunner:
    """A runner that was managed in GitLab, by this `id`. `token`: on the host; empty if the host does not have it any
    more.

    `agreed`: an earlier run took it off the host, so the deletion was allowed then. `token_given`: the inventory gave its
    token, so other hosts may have it. `known_by`: the fingerprint of the token under the host's key, or of one that
    only the inventory gave; empty if there is none.
    """

    id: int
    name: str
    token: str = field(default="", repr=False)
    agreed: bool = False
    token_given: bool = False
    known_by: str = field(default="", repr=False)


def leaving_runners(host: Host, desired: Sequence[RenderedFile], observed: HostState) -> tuple[LeavingRunner, ...]:
    """Runners that are on record and not asked for. There are none if this deploy does not include their file, or no
    GitLab is named.

    A runner whose entry exists and has another token does not count: whoever gives tokens also decides about the old
    one.
    """
    if host.gitlab is None or not any(file.spec.service is NAME for file in desired):
        return ()
    url = host.gitlab.url
    registered, before = of_gitlab(url, registrations(observed)), _before(url, observed)
    wanted, awaited = of_gitlab(url, rendered_registrations(desired, observed)), to_be_created(desired)
    runners: list[LeavingRunner] = []
    for number, name in observed.in_gitlab.get(str(normal_url(url)), {}).items():
        own_registration = _registration(number, name, registered)
        token = own_registration.token if own_registration else ""
        stays = (
            registration.id == number
            or registration.token == token
            or (registration.name == name and name not in awaited)
            for registration in wanted
        )
        if not any(stays):
            agreed = own_registration is None and before is not None and _registration(number, name, before) is None
            known_by = _known_by(name, url, token, observed.secret_fingerprints)
            is_configured = known_by in observed.secret_fingerprints.fingerprints.values()
            runners.append(LeavingRunner(number, name, token, agreed, is_configured, known_by))
    return tuple(runners)


def runners_taken_off(host: Host, observed: HostState) -> Mapping[int, str]:
    """By GitLab's id, the names of runners on record that the host does not have any more, as far as its file can be
    read.

    Runners whose token the inventory gives are left out, because the next deploy brings them back.
    """
    if host.gitlab is None:
        return {}
    try:
        registered = registrations_in(observed.file(config_path(observed)).content or b"")
    except ParseError:
        return {}
    own_registrations = of_gitlab(host.gitlab.url, registered)
    back = host.gitlab_settings.keys() - host.gitlab_places.keys()
    on_record = observed.in_gitlab.get(str(normal_url(host.gitlab.url)), {})
    return {
        number: name
        for number, name in on_record.items()
        if _registration(number, name, own_registrations) is None and name not in back
    }


def managed_after(
    host: Host,
    desired: Sequence[RenderedFile],
    observed: HostState,
    known_ids: Mapping[str, int],
    deleted_ids: Sequence[int],
) -> Managed:
    """What a deploy records: runners with settings in GitLab, and runners that must still be deleted there.

    `known_ids` has ids that GitLab gave, by the runner's name; `deleted_ids` those that need no deletion any more.
    """
    if host.gitlab is None or not any(file.spec.service is NAME for file in desired):
        return observed.in_gitlab
    url = str(normal_url(host.gitlab.url))
    before = {name: number for number, name in observed.in_gitlab.get(url, {}).items()}
    same = {(registration.name, registration.token) for registration in registrations(observed)}
    managed = host.gitlab_settings.keys() | host.gitlab_places.keys()
    ids = {
        registration.name: known_ids.get(registration.name)
        or registration.id
        or (before.get(registration.name, 0) if (registration.name, registration.token) in same else 0)
        for registration in of_gitlab(url, rendered_registrations(desired, observed))
        if registration.name in managed
    }
    for name in to_be_created(desired):
        ids.pop(name, None)
    names_by_id = {number: name for name, number in ids.items() if number}
    names_by_id |= {
        runner.id: runner.name for runner in leaving_runners(host, desired, observed) if runner.id not in deleted_ids
    }
    other_urls = {other_url: runners for other_url, runners in observed.in_gitlab.items() if other_url != url}
    return {**other_urls, **({url: dict(sorted(names_by_id.items()))} if names_by_id else {})}


def tokens_of(host: Host) -> Iterator[str | Secret]:
    """The tokens that the inventory gives for the runners of a host."""
    for runner in runners_of(host.sections.get(NAME, {})):
        token = runner.get("token")
        if isinstance(token, str | Secret) and token:
            yield token


def _known_by(name: str, url: str, token: str, fingerprints: SecretFingerprints) -> str:
    """The fingerprint of what the inventory gave last, if the host does not have the token any more."""
    if token:
        return fingerprint(fingerprints.key, token)
    return fingerprints.fingerprints.get(names_of([{"name": name, "url": url}])[0], "")


def _registration(number: int, name: str, registered: Sequence[Registration]) -> Registration | None:
    """The runner with this id; by its name if the file has no id."""
    return next(
        (
            registration
            for registration in registered
            if registration.id == number or (not registration.id and registration.name == name)
        ),
        None,
    )


def _before(url: str, observed: HostState) -> Sequence[Registration] | None:
    """The runners of the file as the last run left it; none if the run removed it. None if it is not kept or cannot be
    read.
    """
    path = config_path(observed)
    content = observed.base.get(path)
    if content is None and observed.applied.get(path) == ABSENT:
        return ()
    try:
        return None if content is None else of_gitlab(url, registrations_in(content))
    except ParseError:
        return None
