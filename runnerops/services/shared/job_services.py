"""The services of CI jobs in a config.toml, such as Docker-in-Docker, and the URLs in their commands. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Tree, Value
from runnerops.patterns import late_pattern


def urls_given(config: Tree) -> frozenset[str]:
    """All words of the services' commands; the value of a flag is a word too. The mirrors that jobs use are among them."""
    return frozenset(part.rstrip("/") for word in _words(config) for part in word.split("=", 1))


BRIDGE = "bridge"
"""Docker's name for the default bridge."""

_NOWHERE = late_pattern(r"host|none|container:.*")


def networks_of(config: Tree, url: str = "") -> tuple[str, ...]:
    """The names of the networks in which CI jobs on Docker run; `bridge` if a runner names none. With `url`, only runners
    count whose services are given it. If no other container can join the network of the jobs (`host`, `none`,
    `container:NAME`), the default bridge takes its place.
    """
    names: dict[str, None] = {}
    for runner in tables(config.get("runners")):
        docker = runner.get("docker")
        if isinstance(docker, dict) and (not url or url in urls_given({"runners": [runner]})):
            mode = str(docker.get("network_mode") or BRIDGE)
            if not _NOWHERE.fullmatch(mode):
                names[BRIDGE if mode == "default" else mode] = None
    return tuple(names) or (BRIDGE,)


def _words(config: Tree) -> Iterator[str]:
    for runner in tables(config.get("runners")):
        docker = runner.get("docker")
        for service in tables(docker.get("services")) if isinstance(docker, dict) else ():
            command = service.get("command")
            yield from (word for word in (command if isinstance(command, list) else ()) if isinstance(word, str))


def tables(value: Value) -> Iterator[Tree]:
    """The tables of a list such as `[[runners]]`."""
    yield from (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))
