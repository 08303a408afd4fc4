"""What a host's Compose cannot do with its Docker. Pure."""

from __future__ import annotations

from runnerops.model.facts import Facts
from runnerops.services.shared.versions import version_of

_Version = tuple[int, int]

_SPEAKS: tuple[tuple[_Version, _Version, _Version], ...] = (
    ((1, 0), (1, 28), (1, 38)),
    ((2, 0), (2, 6), (1, 42)),
)
"""From which version of Compose on, up to which (not included), the newest API that it speaks; any other asks the daemon."""

_ASKS: tuple[tuple[_Version, _Version], ...] = (((29, 3), (1, 40)), ((29, 0), (1, 44)))
"""From which version of Docker on, the oldest API that it takes, unless its `min-api-version` says another."""

_NO_CONTAINER_CONFIG = (25, 0)
"""From here on images are told without `ContainerConfig`, of which Compose 1 dies when it makes a container anew."""


def cannot_recreate(facts: Facts) -> bool:
    """Whether Compose ends with `KeyError: 'ContainerConfig'` where it recreates, its old container ended by then."""
    compose, docker = _versions(facts)
    return compose is not None and compose < (2, 0) and (docker is None or docker >= _NO_CONTAINER_CONFIG)


def too_old(facts: Facts) -> str:
    """Why the daemon does not talk to this Compose, in words; empty where it does, or where it must be tried."""
    compose, docker = _versions(facts)
    if compose is None or docker is None:
        return ""
    speaks = next((api for first, end, api in _SPEAKS if first <= compose < end), None)
    asks = next((api for first, api in _ASKS if docker >= first), None)
    if speaks is None or asks is None or speaks >= asks:
        return ""
    return f"speaks API {_text(speaks)} at most, but Docker requires {_text(asks)} or newer"


def _versions(facts: Facts) -> tuple[_Version | None, _Version | None]:
    compose = version_of(facts.registry.compose_version) if facts.registry else None
    return compose, version_of(facts.docker.version) if facts.docker else None


def _text(version: _Version) -> str:
    return f"{version[0]}.{version[1]}"
