"""Reads one service of a Compose file in the form of `plain_compose`: its section, and the volumes that it mounts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Tree, Value, value_at
from runnerops.services.shared.brought_up import PROJECT

STORAGE = "/var/lib/registry"
"""The folder of a cache's content, as the path inside the container."""


def service_of(compose: Tree, name: str) -> Tree:
    """The section of one service in the form of `plain_compose`; empty if there is none."""
    services = compose.get("services")
    section = services.get(name) if isinstance(services, dict) else None
    return section if isinstance(section, dict) else {}


def volumes_of(compose: Tree, name: str) -> Mapping[str, str]:
    """The names of the volumes that a service mounts, by the path inside, and the folder of the host if there is one
    instead of a volume.

    Other folders and files of the host are left out.
    """
    mounts = mounts_of(service_of(compose, name))
    mounted = (
        (inside, key if key.startswith("/") else _volume_name(compose, key), "/" in key) for inside, key in mounts
    )
    return {
        inside: volume for inside, volume, folder in mounted if not folder or (inside == STORAGE and volume[0] == "/")
    }


def mounted_by(compose: Tree, key: str) -> tuple[str, ...]:
    """The services that mount the top-level volume of this key."""
    services = compose.get("services")
    names = services if isinstance(services, dict) else {}
    return tuple(name for name in names if key in {volume for _, volume in mounts_of(service_of(compose, name))})


def text_of(value: Value) -> str:
    """The text as Compose reads it; empty if Compose would fill in something, or no step could contain it."""
    text = value.replace("$$", "\0") if isinstance(value, str) else ""
    return "" if "$" in text or not text.replace("\0", "").isprintable() else text.replace("\0", "$")


def mounts_of(section: Tree) -> Iterator[tuple[str, str]]:
    """The path inside, and the key of a volume or the path of a folder or file."""
    volumes = section.get("volumes")
    for volume in volumes if isinstance(volumes, list) else ():
        if isinstance(volume, dict):
            source, inside = text_of(volume.get("source")), text_of(volume.get("target"))
        else:
            source, _, rest = text_of(volume).partition(":")
            inside = rest.partition(":")[0]
        if source and inside:
            yield inside.rstrip("/"), source


def _volume_name(compose: Tree, key: str) -> str:
    """As Docker knows it."""
    volume = value_at(compose, ("volumes", key))
    given_name = text_of(value_at(volume, ("name",)))
    outside = value_at(volume, ("external",))
    return given_name or text_of(value_at(outside, ("name",))) or (key if outside else f"{PROJECT}_{key}")
