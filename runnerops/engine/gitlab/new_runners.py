"""Runners that a host's file asks for and that GitLab does not have yet: planned, created, then kept or deleted
again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.context import GitlabContext, api_client, system_id_of
from runnerops.errors import GitlabError
from runnerops.frozen import frozen, mutable
from runnerops.model.common import Result
from runnerops.model.gitlab import Created, Creation, CreationRecord, Leftover, Place, SettingsUpdate
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.model.run import Outcome
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format import config_path
from runnerops.services.gitlab_runner.observe.registered import of_gitlab, registrations_in
from runnerops.services.gitlab_runner.reconcile.created import to_be_created

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

_MAY_HAVE = frozenset({Result.IN_PROGRESS, Result.UNKNOWN, Result.NEEDS_ATTENTION})
"""Results after which it is not known whether the host has the new runners."""


@frozen
class CreationPlan:
    """What a plan says about runners that GitLab lacks, or that only GitLab has."""

    creations: tuple[Creation, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    begun: tuple[CreationRecord, ...] = ()
    """The host's records of which GitLab has told all that is left."""


def plan_creations(
    host: Host, desired: Sequence[RenderedFile], observed: HostState, gitlab_context: GitlabContext
) -> CreationPlan:
    """Plans the runners that a deploy creates for this host, or a blocker if this cannot be determined. Nothing is
    created yet.
    """
    names = to_be_created(desired)
    if not names or host.gitlab is None:
        return CreationPlan()
    from runnerops.gitlab.creation import mark_of, plan_creation

    mark = mark_of(observed.facts.machine, host.name)
    creations: list[Creation] = []
    to_delete: set[Leftover] = set()
    blockers: list[Blocker] = []
    for name in names:
        try:
            client = api_client(host.gitlab, gitlab_context)
            place, settings = host.gitlab_places[name], host.gitlab_settings.get(name, {})
            creation = gitlab_context.call(host.gitlab, partial(plan_creation, client, name, place, settings, mark))
            to_delete |= gitlab_context.call(host.gitlab, partial(_leftovers_of_host, client, host, observed, place))
        except GitlabError as error:
            text = f"runner {name} has no token, and cannot be created in GitLab: {error.message}; {error.hint}"
            blockers.append(Blocker("no-token", text, (name,)))
        else:
            creations.append(creation)
    return CreationPlan(tuple(creations), _ordered(to_delete), tuple(blockers))


def plan_leftovers(
    host: Host, updates: Sequence[SettingsUpdate], observed: HostState, gitlab_context: GitlabContext
) -> CreationPlan:
    """Plans what an earlier deploy left to do for runners that the host has, but that are still marked in GitLab."""
    if host.gitlab is None or not (host.gitlab_places and updates):
        return CreationPlan()
    from runnerops.gitlab.creation import is_marked, mark_of

    mark = mark_of(observed.facts.machine, host.name)
    old = {update.runner: change.old for update in updates for change in update.changes if change.key == "description"}
    places = [place for name, place in host.gitlab_places.items() if is_marked(old.get(name), mark)]
    to_delete: set[Leftover] = set()
    notes: list[str] = []
    for place in dict.fromkeys(places):
        try:
            client = api_client(host.gitlab, gitlab_context)
            to_delete |= gitlab_context.call(host.gitlab, partial(_leftovers_of_host, client, host, observed, place))
        except GitlabError as error:
            notes.append(f"it is not known what an interrupted deploy left in GitLab: {error.message}; {error.hint}")
    return CreationPlan(leftovers=_ordered(to_delete), notes=tuple(notes))


def _ordered(found_leftovers: Iterable[Leftover]) -> tuple[Leftover, ...]:
    return tuple(sorted(found_leftovers, key=lambda item: item.id))


def _leftovers_of_host(client: GitlabClient, host: Host, observed: HostState, place: Place) -> set[Leftover]:
    from runnerops.gitlab.creation import mark_of

    return leftovers_at(client, host, observed, place, mark_of(observed.facts.machine, host.name)) or set()


def leftovers_at(
    client: GitlabClient, host: Host, observed: HostState, place: Place, mark: str
) -> set[Leftover] | None:
    """Returns the leftovers without the runners that the host has. None if it cannot be determined which those are.

    Raises GitlabError.
    """
    from runnerops.gitlab.creation import left_behind

    assert host.gitlab
    numbers = left_behind(client, place, mark)
    if not numbers:
        return set()
    system_id = system_id_of(observed)
    try:
        registrations = registrations_in(observed.file(config_path(observed)).content or b"")
    except ParseError:
        return None
    for registration in of_gitlab(host.gitlab.url, registrations):
        answer = client.verify(registration.token, system_id) if system_id else {"id": registration.id}
        if answer is not None and not answer.get("id"):
            return None
        numbers -= {registration.id, answer["id"] if answer else 0}
    return {Leftover(number, mark) for number in numbers}


@mutable
class NewRunners:
    """The new runners of one host while its plan is applied."""

    host: Host
    planned: Sequence[Creation]
    gitlab_context: GitlabContext
    client: GitlabClient
    created: dict[str, Created] = field(default_factory=dict)
    nonce: str = field(default_factory=lambda: secrets.token_hex(6))
    taken_back: bool = False
    """Whether all created runners are deleted again, as far as GitLab tells."""

    def create(self) -> None:
        """Creates all runners, or none. Raises GitlabError."""
        from runnerops.gitlab.creation import create

        assert self.host.gitlab
        try:
            for creation in self.planned:
                made = self.gitlab_context.call(self.host.gitlab, partial(create, self.client, creation, self.nonce))
                self.gitlab_context.redactor.learn([made.token])
                self.created[creation.runner] = made
        except GitlabError as error:
            remaining = self._take_back(search=True)
            raise GitlabError(f"{error.message}{remaining}", error.hint) from None

    def after(self, outcome: Outcome) -> Outcome:
        """Deletes created runners that the host certainly does not have after its run. Those that it
        may have are kept.
        """
        if outcome.result in {Result.APPLIED, Result.UNCHANGED}:
            return outcome
        if outcome.result in _MAY_HAVE:
            names = ", ".join(f"{name} ({made.id})" for name, made in self.created.items())
            note = (
                f"created in GitLab and marked as not deployed yet: {names}; the next deploy completes or deletes them"
            )
        else:
            note = f"what was created in GitLab is deleted again{self._take_back()}"
        return replace(outcome, message=f"{outcome.message}\n  {note}".strip())

    def finish(self) -> tuple[GitlabError, ...]:
        """Sets the settings of the new runners and removes their marks, after the host has them.
        Returns what failed.
        """
        from runnerops.gitlab.creation import finish

        return tuple(
            _errors(partial(finish, self.client, creation, self.created[creation.runner]) for creation in self.planned)
        )

    def _take_back(self, *, search: bool = False) -> str:
        """Deletes the created runners. Returns what is left, as the end of a sentence. `search`: ask GitLab for them,
        because an answer may have been lost.
        """
        from runnerops.gitlab.creation import created_by

        numbers = {made.id for made in self.created.values()}
        try:
            numbers |= created_by(self.client, self.planned, self.nonce) if search else set()
            lost = ""
        except GitlabError:
            lost = "; one may be left in GitLab, which the next deploy of this host deletes"
        remaining = [number for number in sorted(numbers) if any(_errors([partial(self.client.delete_runner, number)]))]
        names = ", ".join(map(str, remaining))
        self.taken_back = not (remaining or lost)
        return f"; left in GitLab: runner {names}, which the next deploy of this host deletes" if remaining else lost


def new_runners(host: Host, planned: Sequence[Creation], gitlab_context: GitlabContext) -> NewRunners:
    """Raises GitlabError if the token of the API or the CA file is missing."""
    assert host.gitlab
    return NewRunners(host, planned, gitlab_context, api_client(host.gitlab, gitlab_context))


def delete_leftovers(
    host: Host, leftovers: Sequence[Leftover], gitlab_context: GitlabContext
) -> tuple[GitlabError, ...]:
    """Returns what could not be deleted. The next deploy finds these runners by their marks."""
    from runnerops.gitlab.creation import delete_leftover

    assert host.gitlab
    try:
        client = api_client(host.gitlab, gitlab_context)
    except GitlabError as error:
        return (error,)
    return tuple(_errors(partial(delete_leftover, client, leftover) for leftover in leftovers))


def _errors(steps: Iterable[partial[None]]) -> Iterator[GitlabError]:
    for step in steps:
        try:
            step()
        except GitlabError as error:
            yield error
