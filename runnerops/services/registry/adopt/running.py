"""Registries that run in containers of a host, whoever started them, read from the answers. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.services.base import ParseError
from runnerops.services.registry.adopt.beyond import left_out, of_container
from runnerops.services.registry.format.reading import parse

_NO_NAME = frozenset({"bridge", "host", "none"})
"""Networks that every host has."""

INSIDE = "/var/lib/registry"
"""The path of the volume of the image."""

SAID: Mapping[str, Key] = {
    "REGISTRY_PROXY_REMOTEURL": ("proxy", "remoteurl"),
    "REGISTRY_PROXY_USERNAME": ("proxy", "username"),
    "REGISTRY_PROXY_PASSWORD": ("proxy", "password"),
    "REGISTRY_PROXY_TTL": ("proxy", "ttl"),
    "REGISTRY_HTTP_ADDR": ("http", "addr"),
    "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": ("storage", "filesystem", "rootdirectory"),
    "REGISTRY_CONFIGURATION_PATH": (),
}
"""Variables that the section has keys for. They override the registry's file, whose path is in the last one."""


@frozen
class Mount:
    """The source of a path inside: a volume by its name, or a path of the host."""

    inside: str
    source: str
    volume: bool
    written: bool = True


@frozen
class FoundRegistry:
    """A running registry. `config` is its file, `config_path` the path of the file inside.

    `environment` is without what its image has. `ports` are those published: port inside, address (empty: all), port.
    `auto_remove`: it is deleted when it is stopped. `networks` are those with names of their own. `beyond` is a service
    of Compose; `left_out` what such a service cannot express, in words.
    """

    name: str
    image: str
    config_path: str
    config: Tree = field(repr=False)
    text: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    labels: Mapping[str, str]
    mounts: tuple[Mount, ...]
    ports: tuple[tuple[str, str, str], ...]
    network: str
    auto_remove: bool = False
    networks: tuple[str, ...] = ()
    beyond: Tree = field(default_factory=dict, repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def further_mounts(self) -> tuple[str, ...]:
        """The paths inside of mounts that are neither of the storage nor of the config."""
        root = str(value_in_use(self, ("storage", "filesystem", "rootdirectory")) or INSIDE)
        used_paths = {mount.inside for path in (root, self.config_path) if (mount := self.mount_of(path))}
        return tuple(mount.inside for mount in self.mounts if mount.inside not in {*used_paths, INSIDE})

    def mount_of(self, path: str) -> Mount | None:
        """The innermost mount in which a path inside lies."""
        around = (mount for mount in self.mounts if f"{path}/".startswith(f"{mount.inside.rstrip('/')}/"))
        return max(around, key=lambda mount: len(mount.inside), default=None)


def value_in_use(registry: FoundRegistry, key: Key) -> Value:
    """The value that the registry uses for a key: that of its variable, else that of its file."""
    name = next((name for name, place in SAID.items() if place == key and name in registry.environment), "")
    return registry.environment[name] if name else value_at(registry.config, key)


def found_registries(answers: Answers) -> Iterator[FoundRegistry]:
    """The registries in the order in which Docker lists them. If a config cannot be read, it is empty."""
    number = 1
    while f"registry_found_{number}" in answers:
        about = _object(answers[f"registry_found_{number}"].text)
        if about:
            image = _object(answers[f"registry_image_{number}"].text)
            path, _, text = answers[f"registry_started_{number}"].output.decode("utf-8", "replace").partition("\n")
            yield _registry(about, image, path, text)
        number += 1


def _registry(about: Mapping[str, Any], image: Mapping[str, Any], path: str, text: str) -> FoundRegistry:
    config, host = _mapping(about.get("config")), _mapping(about.get("host"))
    image_words = image.get("Env") or ()
    pairs = (str(word).partition("=") for word in config.get("Env") or () if word not in image_words)
    return FoundRegistry(
        name=str(about.get("name")).lstrip("/"),
        image=str(config.get("Image")),
        config_path=path,
        config=_tree(text),
        text=text,
        environment={name: value for name, _, value in pairs if name != "PATH"},
        labels={str(name): str(value) for name, value in _mapping(config.get("Labels")).items()},
        mounts=tuple(_mounts(about.get("mounts"))),
        ports=tuple(_ports(host.get("PortBindings"))),
        network=str(host.get("NetworkMode") or ""),
        auto_remove=host.get("AutoRemove") is True,
        networks=tuple(str(name) for name in _mapping(about.get("networks")) if name not in _NO_NAME),
        beyond=of_container(config, host, image),
        left_out=left_out(host, _mapping(about.get("networks"))),
    )


def _tree(text: str) -> Tree:
    try:
        return parse(text.encode(), strict=False)
    except ParseError:
        return {}


def _mounts(node: Any) -> Iterator[Mount]:
    for mount in node if isinstance(node, list) else ():
        volume = mount.get("Type") == "volume"
        yield Mount(
            str(mount.get("Destination")),
            str(mount.get("Name") if volume else mount.get("Source")),
            volume,
            mount.get("RW") is not False,
        )


def _ports(node: Any) -> Iterator[tuple[str, str, str]]:
    for inside, bindings in node.items() if isinstance(node, dict) else ():
        for binding in bindings or ():
            if str(binding.get("HostPort") or 0) != "0":
                yield str(inside).partition("/")[0], str(binding.get("HostIp") or ""), str(binding["HostPort"])


def _object(text: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(text))
    except ValueError:
        return {}


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}
