"""The runner's services: containers beside the build's, which finds them by their aliases."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

from .engine import docker
from .log import log

if TYPE_CHECKING:
    from .docker import Container

PER_BUILD = "FF_NETWORK_PER_BUILD"
WAIT = 30


def start_services(build: Container) -> list[str]:
    """Start them, on the default bridge or a network of the job's own; the options that join the build to them."""
    network = network_of(build)
    options = [f"--network={network}"] if network else []
    links = []
    for number, service in enumerate(build.settings.get("services", [])):
        build.pull(service["name"])
        name = f"{build.prefix}-service-{number}"
        alias = service.get("alias") or service["name"].rpartition("/")[2].partition(":")[0]
        build.rest.insert(0, ("rm", "--force", "--volumes", name))
        texts = [f"--network-alias={alias}"] if network else []
        words = [*build.options("service"), *options, *texts, *settings(service)]
        docker("run", "--detach", "--name", name, *words, service["name"], *service.get("command", []))
        links += [] if network else [f"--link={name}:{alias}"]
        wait_for(name)
    return [*options, *links]


def wait_for(name: str) -> None:
    """Until a port of the service's image answers; the job starts after 30 s anyway."""
    (shown,) = json.loads(docker("inspect", name))
    ports = [int(port.partition("/")[0]) for port in shown["Config"].get("ExposedPorts") or {}]
    addresses = [NetworkSetting["IPAddress"] for NetworkSetting in shown["NetworkSettings"]["Networks"].values()]
    deadline = time.monotonic() + WAIT
    while ports and not any(answers(address, port) for address in addresses for port in ports):
        if time.monotonic() > deadline:
            log("warning", f"Service {name} probably didn't start properly")
            return
        time.sleep(0.2)


def answers(address: str, port: int) -> bool:
    """Whether a connection is taken."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), 0.5):
        return True
    return False


def network_of(build: Container) -> str:
    """The network's name, made now where each job has its own; empty: the default bridge."""
    if PER_BUILD not in build.work.flags():
        return str(build.settings.get("network_mode", ""))
    network = f"{build.prefix}-network"
    docker("network", "create", network)
    build.rest.append(("network", "rm", network))
    return network


def settings(service: dict[str, Any]) -> list[str]:
    """What config.toml says of one service, as options of `docker run`."""
    entrypoint = [f"--entrypoint={word}" for word in service.get("entrypoint", [])[:1]]
    return [*entrypoint, *(f"--env={entry}" for entry in service.get("environment", []))]
