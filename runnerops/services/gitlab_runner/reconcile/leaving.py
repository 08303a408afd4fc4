"""Runners that an inventory managed in GitLab and asks for no more, told three ways: by what is on record on the host, by what
the host has, and by what is asked for. Pure."""

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
class Leaving:
    """A runner that was managed in GitLab, by this `id`. `token`: as the host has it; empty where it does not any more.

    `agreed`: an earlier run took it off the host, so that was allowed then. `given`: the inventory gave its token, so others
    may have it. `known_by`: the token's fingerprint under the host's key, also of one that only the inventory gave; empty for
    none.
    """

    id: int
    name: str
    token: str = field(default="", repr=False)
    agreed: bool = False
    given: bool = False
    known_by: str = field(default="", repr=False)


def leaving(host: Host, desired: Sequence[RenderedFile], observed: HostState) -> tuple[Leaving, ...]:
    """Those that are on record and not asked for. None where this deploy is not of their file, or no GitLab is named.

    One whose entry is still there and has another token is none: who gives tokens knows what becomes of the old one.
    """
    if host.gitlab is None or not any(file.spec.service is NAME for file in desired):
        return ()
    url = host.gitlab.url
    there, before = of_gitlab(url, registrations(observed)), _before(url, observed)
    wanted, awaited = of_gitlab(url, rendered_registrations(desired, observed)), to_be_created(desired)
    found: list[Leaving] = []
    for number, name in observed.in_gitlab.get(str(normal_url(url)), {}).items():
        own = _own(number, name, there)
        token = own.token if own else ""
        stays = (one.id == number or one.token == token or (one.name == name and name not in awaited) for one in wanted)
        if not any(stays):
            agreed = own is None and before is not None and _own(number, name, before) is None
            known_by = _known_by(name, url, token, observed.secret_fingerprints)
            given = known_by in observed.secret_fingerprints.fingerprints.values()
            found.append(Leaving(number, name, token, agreed, given, known_by))
    return tuple(found)


def taken_off(host: Host, observed: HostState) -> Mapping[int, str]:
    """Those on record, by GitLab's id their names, that the host does not have any more, as far as its file can be read.

    Not one whose token the inventory gives: the next deploy brings that back.
    """
    if host.gitlab is None:
        return {}
    try:
        there = registrations_in(observed.file(config_path(observed)).content or b"")
    except ParseError:
        return {}
    own = of_gitlab(host.gitlab.url, there)
    back = host.gitlab_settings.keys() - host.gitlab_places.keys()
    on_record = observed.in_gitlab.get(str(normal_url(host.gitlab.url)), {})
    return {number: name for number, name in on_record.items() if _own(number, name, own) is None and name not in back}


def on_record(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, told: Mapping[str, int], gone: Sequence[int]
) -> Managed:
    """What a deploy records: runners that say what they are to have in GitLab, and those that are still to be deleted there.

    `told` has ids as GitLab told them, by the runner's name; `gone` those that need no deletion any more.
    """
    if host.gitlab is None or not any(file.spec.service is NAME for file in desired):
        return observed.in_gitlab
    url = str(normal_url(host.gitlab.url))
    before = {name: number for number, name in observed.in_gitlab.get(url, {}).items()}
    same = {(one.name, one.token) for one in registrations(observed)}
    managed = host.gitlab_settings.keys() | host.gitlab_places.keys()
    ids = {
        one.name: told.get(one.name) or one.id or (before.get(one.name, 0) if (one.name, one.token) in same else 0)
        for one in of_gitlab(url, rendered_registrations(desired, observed))
        if one.name in managed
    }
    for name in to_be_created(desired):
        ids.pop(name, None)
    now = {number: name for name, number in ids.items() if number}
    now |= {one.id: one.name for one in leaving(host, desired, observed) if one.id not in gone}
    others = {other: runners for other, runners in observed.in_gitlab.items() if other != url}
    return {**others, **({url: dict(sorted(now.items()))} if now else {})}


def tokens_of(host: Host) -> Iterator[str | Secret]:
    """Those that the inventory gives for the runners of a host."""
    for runner in runners_of(host.sections.get(NAME, {})):
        token = runner.get("token")
        if isinstance(token, str | Secret) and token:
            yield token


def _known_by(name: str, url: str, token: str, given: SecretFingerprints) -> str:
    """By what the inventory gave last, where the host does not have it any more."""
    if token:
        return fingerprint(given.key, token)
    return given.fingerprints.get(names_of([{"name": name, "url": url}])[0], "")


def _own(number: int, name: str, found: Sequence[Registration]) -> Registration | None:
    """The one with this id; by its name where the file says no id."""
    return next((one for one in found if one.id == number or (not one.id and one.name == name)), None)


def _before(url: str, observed: HostState) -> Sequence[Registration] | None:
    """What the last run left in the file, nothing where it took that away; None where it is not kept, or cannot be read."""
    path = config_path(observed)
    content = observed.base.get(path)
    if content is None and observed.applied.get(path) == ABSENT:
        return ()
    try:
        return None if content is None else of_gitlab(url, registrations_in(content))
    except ParseError:
        return None
