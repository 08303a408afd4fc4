"""The GitLabs with which the runners of a host are registered, from its config.toml and from the answers of GitLab.
Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from runnerops.model.common import Tree
from runnerops.model.facts import Facts
from runnerops.model.gitlab import Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import NAME, config_path, label, parse, runners_of


def registrations(observed: HostState) -> tuple[Registration, ...]:
    """Every runner of config.toml that has a token; none if the file cannot be read."""
    try:
        return registrations_in(observed.file(config_path(observed)).content or b"")
    except ParseError:
        return ()


def registrations_in(content: bytes) -> tuple[Registration, ...]:
    """The runners in the content of a file. Raises ParseError."""
    return tuple(
        _registration(runner, index) for index, runner in enumerate(runners_of(parse(content))) if runner.get("token")
    )


def rendered_registrations(desired: Sequence[RenderedFile], observed: HostState) -> tuple[Registration, ...]:
    """Every runner of the desired file, by its name in the inventory. `id` is 0 if config.toml has none with the same
    token.
    """
    numbers = {
        (registration.token, normal_url(registration.url)): registration.id for registration in registrations(observed)
    }
    files = (file for file in desired if file.spec.service is NAME and file.content is not None)
    return tuple(
        replace(registration, id=numbers.get((registration.token, normal_url(registration.url)), 0))
        for file in files
        for registration in registrations_in(file.content or b"")
    )


def registrations_named(
    names: Collection[str], desired: Sequence[RenderedFile], observed: HostState
) -> tuple[Registration, ...]:
    """The runners on the host that the inventory knows by these names, which are found by their token, or by their own
    name.
    """
    anew = {
        (registration.token, normal_url(registration.url)): registration.name
        for registration in rendered_registrations(desired, observed)
    }
    blocks = (
        replace(registration, name=anew.get((registration.token, normal_url(registration.url)), registration.name))
        for registration in registrations(observed)
    )
    return tuple(registration for registration in blocks if registration.name in names)


def _registration(runner: Tree, index: int) -> Registration:
    number, expires = runner.get("id"), runner.get("token_expires_at")
    return Registration(
        label(runner, index),
        str(runner.get("url") or ""),
        str(runner["token"]),
        number if isinstance(number, int) else 0,
        _aware(expires) if isinstance(expires, datetime) and expires.year > 1 else None,
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def of_gitlab(url: str, registered: Sequence[Registration]) -> tuple[Registration, ...]:
    """The runners of the GitLab with this URL. Other GitLabs must not get their tokens."""
    return tuple(registration for registration in registered if normal_url(registration.url) == normal_url(url))


def from_file(registered: Sequence[Registration]) -> tuple[RunnerStatus, ...]:
    """The status of runners as far as config.toml tells it."""
    return tuple(
        RunnerStatus(registration.name, registration.url, expires_at=registration.expires_at, id=registration.id)
        for registration in registered
    )


def merge_statuses(registrations: Sequence[Registration], answers: Sequence[RunnerStatus]) -> tuple[RunnerStatus, ...]:
    """In the order of the file: GitLab's answers about runners that were asked about, and the file's facts about the
    others.
    """
    remaining = list(answers)
    return tuple(
        remaining.pop(0) if remaining and (remaining[0].name, remaining[0].url) == (status.name, status.url) else status
        for status in from_file(registrations)
    )


def clone_fix(same: Sequence[Facts]) -> str:
    """How to give cloned machines different system ids."""
    anew = "give one of them its own machine-id, then " if len({facts.machine for facts in same}) < len(same) else ""
    return f"{anew}remove .runner_system_id beside config.toml on one of them, and restart its gitlab-runner"
