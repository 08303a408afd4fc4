"""Entries of the inventory that are the same runner in GitLab but ask for different settings: a deploy of one undoes
the other. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from runnerops.model.common import Secret, ServiceName, Value
from runnerops.model.gitlab import DesiredSettings
from runnerops.model.inventory import Host, Inventory
from runnerops.model.plan import Blocker, Finding
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import label, runners_of

_FIX = "write them in one place for both, for example in a group, without {host}; or create a runner for each host"


def disagreeing_entries(inventory: Inventory, hosts: Collection[Host]) -> Iterator[tuple[str, Finding]]:
    """By host, findings on runners whose settings differ from those of another entry with the same token in the
    inventory.
    """
    chosen = {host.name: host for host in hosts}
    for settings, other, keys in _disagreements([wish for host in inventory.hosts for wish in _desired_settings(host)]):
        if host := chosen.get(settings.host):
            index = next(at for at, name in enumerate(_names(host)) if name == settings.runner)
            key = ("runners", index, "gitlab", keys[0])
            place = host.location(ServiceName.GITLAB_RUNNER, key)
            text = (
                f"{_whom(other)} has the same token and asks for different values of {', '.join(keys)}: each deploy would undo"
                " the other"
            )
            file = place.file if place else inventory.path
            full_key = ("hosts", host.name, ServiceName.GITLAB_RUNNER.value, *key)
            yield host.name, Finding("X013", "error", file, full_key, text, _FIX, place, settings.runner)


def disagreeing_runners(wishes: Sequence[DesiredSettings]) -> Mapping[str, Blocker]:
    """By host, a blocker if GitLab says that entries are the same runner, whatever the inventory says of
    their tokens.
    """
    blockers: dict[str, Blocker] = {}
    for settings, other, keys in _disagreements(wishes):
        text = (
            f"runner {settings.runner} and {_whom(other)} are the same runner in GitLab, but ask for different values of"
            f" {', '.join(keys)}"
        )
        blockers.setdefault(settings.host, Blocker("settings-disagree", f"{text}: {_FIX}", keys))
    return blockers


def _disagreements(
    wishes: Sequence[DesiredSettings],
) -> Iterator[tuple[DesiredSettings, DesiredSettings, tuple[str, ...]]]:
    """Each entry with the first other one of the same runner that asks for different settings, and these settings."""
    for wish in wishes:
        for settings in wishes:
            if (
                wish is not settings
                and wish.identity == settings.identity
                and (keys := _differing_keys(wish, settings))
            ):
                yield wish, settings, keys
                break


def _differing_keys(settings: DesiredSettings, desired: DesiredSettings) -> tuple[str, ...]:
    """The settings that both ask for, with different values. A setting that only one asks for is not touched by the
    other.
    """
    return tuple(
        key for key, value in settings.settings.items() if key in desired.settings and desired.settings[key] != value
    )


def _desired_settings(host: Host) -> Iterable[DesiredSettings]:
    for runner, name in zip(runners_of(host.sections.get(ServiceName.GITLAB_RUNNER, {})), _names(host), strict=True):
        token = runner.get("token")
        if token and name in host.gitlab_settings:
            yield DesiredSettings(
                (normal_url(runner.get("url")), _identity(token)), host.name, name, host.gitlab_settings[name]
            )


def _names(host: Host) -> list[str]:
    return [label(runner, at) for at, runner in enumerate(runners_of(host.sections.get(ServiceName.GITLAB_RUNNER, {})))]


def _identity(token: Value) -> object:
    """The source of the token, independent of its place in the inventory."""
    return (token.source, token.argument) if isinstance(token, Secret) else token


def _whom(other: DesiredSettings) -> str:
    return f"runner {other.runner} of host {other.host}"
