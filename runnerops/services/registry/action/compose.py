"""What the Compose of a host cannot do with the host's Docker. Pure."""

from __future__ import annotations

from runnerops.model.facts import Facts
from runnerops.services.shared.versions import version_of

_Version = tuple[int, int]

_SPEAKS: tuple[tuple[_Version, _Version, _Version], ...] = (
    ((1, 0), (1, 28), (1, 38)),
    ((2, 0), (2, 6), (1, 42)),
)
"""By the first version of Compose and the first that is different, the newest API that it uses. Other versions ask the
daemon.
"""

_ASKS: tuple[tuple[_Version, _Version], ...] = (((29, 3), (1, 40)), ((29, 0), (1, 44)))
"""By the first version of Docker, the oldest API that it accepts, unless its `min-api-version` sets another."""

_NO_CONTAINER_CONFIG = (25, 0)
"""From this version on, Docker describes images without `ContainerConfig`. Compose 1 fails then when it recreates a
container.
"""


def cannot_recreate(facts: Facts) -> bool:
    """Whether Compose would fail with `KeyError: 'ContainerConfig'` when it recreates, after it has stopped the old
    container.
    """
    compose, docker = _versions(facts)
    return compose is not None and compose < (2, 0) and (docker is None or docker >= _NO_CONTAINER_CONFIG)


def too_old(facts: Facts) -> str:
    """Why the daemon does not accept this Compose, in words; empty if it does, or if only a try can show it."""
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
