"""What Docker needs in a job that configures nothing itself: a dind service, its flags, variables and volumes. Pure.

Written for the official `docker:dind` image. Its entrypoint adds the daemon's listeners only if the first argument is a
flag, and TLS unless `DOCKER_TLS_CERTDIR` is empty. The runner gives `environment` to services and jobs alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value
from runnerops.services.shared.dind_flags import MIRROR

IMAGE = "docker:dind"
ALIAS = "docker"
CERTDIR = "DOCKER_TLS_CERTDIR"
CERTS = "/certs"
SIZE = 24
"""The prefix length of each network that the daemon in the job makes from its pool."""


@frozen
class Dind:
    """A dind service. `pool` is a network that contains no cache; `certs` is the folder of the certificates with `tls`.

    `command` are the user's flags, which override ours by name. `mtu` is that of the networks around it, 0 for the default.
    """

    mirrors: tuple[str, ...]
    pool: str
    image: str = IMAGE
    alias: str = ALIAS
    tls: bool = False
    certs: str = CERTS
    mtu: int = 0
    command: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The daemon's flags.

        A pool instead of `--bip`, because networks that a job makes would otherwise take the address of a cache on the
        host's bridge too. `--tls=false`, because dockerd otherwise waits 15 s before it listens without TLS, and is to
        refuse it some day.
        """
        own_flags = {word.partition("=")[0] for word in self.command if word.startswith("-")}
        added_words = [word for flag in self._flags() if flag[0].partition("=")[0] not in own_flags for word in flag]
        return (*added_words, *self.command)

    def _flags(self) -> Iterator[tuple[str, ...]]:
        yield from ((MIRROR, url) for url in self.mirrors)
        yield "--default-address-pool", f"base={self.pool},size={SIZE}"
        if self.mtu:
            yield "--mtu", str(self.mtu)
        if not self.tls:
            yield ("--tls=false",)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment of client and daemon."""
        if not self.tls:
            return {"DOCKER_HOST": f"tcp://{self.alias}:2375", CERTDIR: ""}
        return {
            "DOCKER_HOST": f"tcp://{self.alias}:2376",
            CERTDIR: self.certs,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": f"{self.certs}/client",
            # the image's certificate is for `docker` and `localhost`
            **({} if self.alias == ALIAS else {"DOCKER_TLS_SAN": f"DNS:{self.alias}"}),
        }

    @property
    def volumes(self) -> tuple[str, ...]:
        """The volumes that the daemon shares with its clients."""
        return (f"{self.certs}/client",) if self.tls else ()

    @property
    def service(self) -> Tree:
        """The entry in `[[runners.docker.services]]`."""
        return {"name": self.image, "alias": self.alias, "command": list(self.argv)}


def with_dind(runner: Tree, dind: Dind) -> Tree:
    """Adds the service to an entry of `[[runners]]`. What exists is kept: a variable by its name, a volume by its
    target.
    """
    docker = runner.get("docker")
    table: Tree = dict(docker) if isinstance(docker, dict) else {}
    table["services"] = [*_list(table.get("services")), dind.service]
    targets = {target_of(volume) for volume in _texts(table.get("volumes"))}
    volumes = [volume for volume in dind.volumes if not targets & {volume, dind.certs}]
    if volumes:
        table["volumes"] = [*_list(table.get("volumes")), *volumes]
    own_variables = variables_of(runner)
    added = [f"{name}={value}" for name, value in dind.variables.items() if name not in own_variables]
    environment = {"environment": [*_list(runner.get("environment")), *added]} if added else {}
    return {**runner, **environment, "docker": table}


def variables_of(runner: Tree) -> dict[str, str]:
    """The runner's `environment` by name, as far as it is in clear text."""
    pairs = (text.partition("=") for text in _texts(runner.get("environment")))
    return {name: value for name, equals, value in pairs if equals}


def is_dind(service: Tree) -> bool:
    """Whether a service is a Docker daemon. Docker's own image is known by its name, any other by a flag that only
    dockerd has.

    `DOCKER_HOST` and the alias `docker` do not prove it: a proxy of the host's socket has them too.
    """
    words = [word for name in ("command", "entrypoint") for word in _texts(service.get(name))]
    flags = {word.partition("=")[0] for word in words}
    return MIRROR in flags or re.search(r"\bdocker:[^ ]*dind", str(service.get("name"))) is not None


def target_of(volume: str) -> str:
    """The path in the container of a volume: `TARGET`, or `SOURCE:TARGET[:OPTIONS]`."""
    parts = volume.split(":")
    return (parts[0] if len(parts) == 1 else parts[1]).rstrip("/")


def service_names(runner: Tree) -> Sequence[str]:
    """The names by which a job finds the runner's existing services. The last part of an image's name is
    one of them.
    """
    docker = runner.get("docker")
    aliases: list[str] = []
    for item in _list(docker.get("services")) if isinstance(docker, dict) else ():
        if isinstance(item, dict):
            image = str(item.get("name") or "").partition("@")[0]
            head, _, tail = image.rpartition("/")
            bare = "/".join(part for part in (head, tail.partition(":")[0]) if part)
            aliases += [str(item.get("alias") or ""), bare.replace("/", "-"), bare.replace("/", "__")]
    return aliases


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _texts(value: Value) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
