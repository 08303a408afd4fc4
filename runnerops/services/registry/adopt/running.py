"""Registries that run in containers of a host, whoever started them: the questions and what the answers mean. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runnerops.model.common import Tree
from runnerops.services.base import Answers, ParseError
from runnerops.services.registry.caches import DIRECTORY
from runnerops.services.registry.format import parse

FORM = (
    '{"name":{{json .Name}},"image":{{json .Config.Image}},"env":{{json .Config.Env}},"labels":{{json .Config.Labels}},'
    '"mounts":{{json .Mounts}},"ports":{{json .HostConfig.PortBindings}},"network":{{json .HostConfig.NetworkMode}},'
    '"user":{{json .Config.User}},"memory":{{json .HostConfig.Memory}},"cpus":{{json .HostConfig.NanoCpus}},'
    '"hosts":{{json .HostConfig.ExtraHosts}},"dns":{{json .HostConfig.Dns}},"remove":{{json .HostConfig.AutoRemove}}}'
)
"""A format of `docker inspect`. Secrets are among it: it is asked only where a section is made of it."""

QUESTIONS = (("observe_registry_files", DIRECTORY), ("observe_registry_found", FORM))

PRIVATE = {
    "user": "the user that it runs as",
    "memory": "its memory limit",
    "cpus": "its CPU limit",
    "hosts": "its extra hosts",
    "dns": "its name servers",
}
"""What a container may have and the section has no word for."""


@dataclass(frozen=True, slots=True)
class Mount:
    """What lies behind a path inside: a volume by its name, or a path of the host."""

    inside: str
    source: str
    volume: bool


@dataclass(frozen=True, slots=True)
class FoundRegistry:
    """A running registry. `config` is the file that it was started with, as it sees it, `config_path` its path inside.

    `environment` is without what its image has. `ports` are those published: port inside, address (empty: all), port.
    `auto_remove`: it goes when it is stopped. `unsaid` names what the section has no word for.
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
    unsaid: tuple[str, ...] = ()

    def mount_of(self, path: str) -> Mount | None:
        """The innermost mount in which a path inside lies."""
        around = (one for one in self.mounts if f"{path}/".startswith(f"{one.inside.rstrip('/')}/"))
        return max(around, key=lambda one: len(one.inside), default=None)


def found_registries(answers: Answers) -> Iterator[FoundRegistry]:
    """In the order in which Docker lists them. One whose config cannot be read has an empty one."""
    number = 1
    while f"registry_found_{number}" in answers:
        about = _object(answers[f"registry_found_{number}"].text)
        if about:
            image = _list(answers[f"registry_image_{number}"].text)
            path, _, text = answers[f"registry_started_{number}"].output.decode("utf-8", "replace").partition("\n")
            yield _registry(about, image, path, text)
        number += 1


def _registry(about: Mapping[str, Any], image: list[str], path: str, text: str) -> FoundRegistry:
    pairs = (str(word).partition("=") for word in about.get("env") or () if word not in image)
    labels = about.get("labels")
    return FoundRegistry(
        name=str(about.get("name")).lstrip("/"),
        image=str(about.get("image")),
        config_path=path,
        config=_tree(text),
        text=text,
        environment={name: value for name, _, value in pairs if name != "PATH"},
        labels={str(name): str(value) for name, value in labels.items()} if isinstance(labels, dict) else {},
        mounts=tuple(_mounts(about.get("mounts"))),
        ports=tuple(_ports(about.get("ports"))),
        network=str(about.get("network") or ""),
        auto_remove=about.get("remove") is True,
        unsaid=tuple(words for key, words in PRIVATE.items() if about.get(key)),
    )


def _tree(text: str) -> Tree:
    try:
        return parse(text.encode(), strict=False)
    except ParseError:
        return {}


def _mounts(told: Any) -> Iterator[Mount]:
    for one in told if isinstance(told, list) else ():
        volume = one.get("Type") == "volume"
        yield Mount(str(one.get("Destination")), str(one.get("Name") if volume else one.get("Source")), volume)


def _ports(told: Any) -> Iterator[tuple[str, str, str]]:
    for inside, bindings in told.items() if isinstance(told, dict) else ():
        for one in bindings or ():
            if one.get("HostPort"):
                yield str(inside).partition("/")[0], str(one.get("HostIp") or ""), str(one["HostPort"])


def _object(text: str) -> Mapping[str, Any]:
    found = _json(text)
    return found if isinstance(found, dict) else {}


def _list(text: str) -> list[str]:
    found = _json(text)
    return [str(word) for word in found] if isinstance(found, list) else []


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
