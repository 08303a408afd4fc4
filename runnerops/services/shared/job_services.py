"""The services of CI jobs in a config.toml, such as Docker-in-Docker, and which URLs their commands name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Tree, Value


def urls_given(config: Tree) -> frozenset[str]:
    """All words of the services' commands, a flag's value apart from its flag; the mirrors of jobs are among them."""
    return frozenset(part.rstrip("/") for word in _words(config) for part in word.split("=", 1))


def _words(config: Tree) -> Iterator[str]:
    for runner in tables(config.get("runners")):
        docker = runner.get("docker")
        for service in tables(docker.get("services")) if isinstance(docker, dict) else ():
            command = service.get("command")
            yield from (word for word in (command if isinstance(command, list) else ()) if isinstance(word, str))


def tables(value: Value) -> Iterator[Tree]:
    """The tables of a list such as `[[runners]]`."""
    yield from (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))
