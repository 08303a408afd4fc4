"""Blockers from what GitLab says about runners: tokens that it does not know, and another group or project. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from runnerops.model.gitlab import Place, Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.gitlab_runner.observe.registered import registrations, registrations_in
from runnerops.services.gitlab_runner.reconcile.created import stand_in


def new_tokens(desired: Sequence[RenderedFile], observed: HostState) -> tuple[Registration, ...]:
    """Runners that would get a token that no runner on the host has for this GitLab now."""
    registered = {(registration.token, normal_url(registration.url)) for registration in registrations(observed)}
    found_registrations: list[Registration] = []
    for file in desired:
        if file.spec.service is NAME and file.content is not None:
            with suppress(ParseError):  # from a template; a finding reports it, and it is not deployed
                found_registrations += registrations_in(file.content)
    return tuple(
        registration
        for registration in found_registrations
        if (registration.token, normal_url(registration.url)) not in registered
        and registration.token != stand_in(registration.name)
    )


def unknown_token_blockers(statuses: Sequence[RunnerStatus]) -> tuple[Blocker, ...]:
    """Blocks a deploy that would bring these tokens."""
    return tuple(
        Blocker(
            "unknown-token", f"GitLab does not know the token that runner {status.name} would get (403)", (status.name,)
        )
        for status in statuses
        if status.is_known is False
    )


def notes_on_unchecked_tokens(statuses: Sequence[RunnerStatus]) -> tuple[str, ...]:
    """Sentences that say why it could not be found out whether GitLab knows these tokens."""
    return tuple(
        f"whether GitLab knows the token of runner {status.name} is not known: {status.reason}"
        for status in statuses
        if status.is_known is None
    )


def other_place_blocker(runner: str, current_place: str, wanted: Place) -> Blocker:
    """Blocks a runner that should be in `wanted` but that GitLab has in `current_place`."""
    message = (
        f"runner {runner} is of {current_place} in GitLab, which cannot move a runner, but the inventory asks for {wanted}:"
        " take its entry out and deploy, which deletes it (--allow drop-runner); then put it in again, and deploy,"
        " which creates another"
    )
    return Blocker("other-place", message, (runner,))
