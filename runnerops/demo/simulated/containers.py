"""Containers of the simulated daemon, and the registry that may run in one."""

from __future__ import annotations

import os
import sys
import time

from runnerops.demo.simulated import effects
from runnerops.demo.simulated.world import (
    STATE,
    RefusedError,
    World,
    hide_process,
    path,
    random_hex,
    show_process,
    text_at,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runnerops.demo.simulated.world import Tree

UPSTREAM_ANSWERS = 401
_CONFIG = "/etc/distribution/config.yml"
_ALWAYS = ("always", "unless-stopped")


def load_yaml(world: World, text: str) -> Any:
    """Parses YAML. Imports the library only when it is needed. Raises RefusedError."""
    sys.path.append(world.data["libraries"])
    import yaml  # noqa: PLC0415

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RefusedError(f"yaml: {error}") from None


def find(world: World, name: str) -> Tree:
    """Finds a container by its name or the beginning of its id. Raises RefusedError."""
    for container in world.engine["containers"]:
        if name and (container["Id"].startswith(name) or container["Name"] == f"/{name}"):
            found: Tree = container
            return found
    raise RefusedError(f"Error response from daemon: No such container: {name}")


def create(world: World, name: str, image: str, spec: Tree) -> Tree:
    """Creates a container. `spec` has labels, command, environment, restart, ports, mounts, network and perhaps
    logging.
    """
    logging = spec.get("logging", {})
    container: Tree = {
        "Id": random_hex(32),
        "Name": f"/{name}",
        "Created": _now(),
        "Image": world.engine["images"][image]["id"],
        "Config": {"Image": image, "Labels": spec["labels"], "Cmd": spec["command"], "Env": spec["environment"]},
        "HostConfig": {
            "RestartPolicy": {"Name": spec["restart"]},
            "PortBindings": spec["ports"],
            "NetworkMode": spec["network"],
            "AutoRemove": False,
            "LogConfig": {"Type": logging.get("driver", "json-file"), "Config": logging.get("options", {})},
            **effects.defaults(world),
        },
        "RestartCount": 0,
        "NetworkSettings": {"Networks": {spec["network"]: {}}},
        "Mounts": spec["mounts"],
        "State": {"Status": "created", "Running": False, "Restarting": False, "Pid": 0, "StartedAt": "", "ExitCode": 0},
        "Serves": None,
        "Log": [],
    }
    world.engine["containers"].append(container)
    return container


def start(world: World, container: Tree) -> None:
    """Publishes the container's ports and starts its process. Raises RefusedError if a port is in use."""
    for address, port in ports(container):
        if address not in {"0.0.0.0", "127.0.0.1", *addresses(world)}:  # noqa: S104  compared, not bound
            raise RefusedError(f"listen tcp4 {address}:{port}: bind: cannot assign requested address")
        for other in world.engine["containers"]:
            if other is not container and other["State"]["Running"] and (address, port) in list(ports(other)):
                raise RefusedError(f"Bind for {address}:{port} failed: port is already allocated")
    container["Serves"], problem = _registry(world, container)
    container["State"] |= {
        "Status": "restarting" if problem else "running",
        "Running": True,
        "Pid": world.number(),
        "Restarting": bool(problem),
        "StartedAt": _now(),
        "ExitCode": 2 if problem else 0,
    }
    if container["Serves"]:
        _show_registry(container)
    container["Log"].append({"at": time.time(), "text": problem or 'level=info msg="listening on [::]:5000"'})


def end(world: World, container: Tree) -> None:  # noqa: ARG001
    """Ends the container's process."""
    hide_process(container["State"]["Pid"])
    container["State"] |= {"Status": "exited", "Running": False, "Restarting": False, "Pid": 0}
    container["Serves"] = None


def after_start(world: World) -> None:
    """Starts the containers that a daemon restarts at its start, by their restart policy."""
    for container in world.engine["containers"]:
        if not container["State"]["Running"] and container["HostConfig"]["RestartPolicy"]["Name"] in _ALWAYS:
            try:
                start(world, container)
            except RefusedError as refusal:
                world.log("docker.service", f'level=error msg="failed to start container" error="{refusal}"')


def ports(container: Tree) -> Iterator[tuple[str, str]]:
    """The addresses and ports that the container publishes."""
    for published in container["HostConfig"]["PortBindings"].values():
        for binding in published:
            yield binding["HostIp"] or "0.0.0.0", binding["HostPort"]  # noqa: S104  shown, not bound


def addresses(world: World) -> list[str]:
    """The addresses of the host."""
    return [world.data["address"], world.engine["bridge"]["address"]]


def _registry(world: World, container: Tree) -> tuple[Tree | None, str]:
    """What a registry serves, or why it ends. It reads its configuration, and requests its upstream, only at its start."""
    if container["Config"]["Image"].partition(":")[0].rpartition("/")[2] != "registry":
        return None, ""
    name, source = _config(container)
    if not source or not os.path.isfile(path(source)):
        return None, f"configuration error: open {name}: no such file or directory"
    try:
        config = load_yaml(world, text_at(source))
    except RefusedError as refusal:
        return None, f"configuration error: error parsing {name}: {refusal}"
    if not isinstance(config, dict) or "storage" not in config or "version" not in config:
        return None, f"configuration error: error parsing {name}: no storage configuration provided"
    upstream = str((config.get("proxy") or {}).get("remoteurl") or "")
    host = upstream.partition("://")[2].strip("/")
    if upstream and host not in world.data["upstreams"]:
        return None, f'panic: Get "{upstream}/v2/": dial tcp: lookup {host}: no such host'
    volume = next((mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"), "")
    return {"upstream": upstream, "volume": volume}, ""


def _config(container: Tree) -> tuple[str, str]:
    """The path of a registry's configuration inside the container, and that of its source on the host, if it has one."""
    name = (container["Config"]["Cmd"] or ["serve", _CONFIG])[-1]
    return name, next((mount["Source"] for mount in container["Mounts"] if mount["Destination"] == name), "")


def _show_registry(container: Tree) -> None:
    """Writes the files of /proc by which `adopt` finds a registry and reads its configuration."""
    name, source = _config(container)
    pid, root = container["State"]["Pid"], f"{path(STATE)}/{container['Id']}"
    show_process(pid, ["registry", "serve", name], "docker.service")
    os.symlink(root, f"{path('proc')}/{pid}/root")
    if not os.path.lexists(root + name):
        os.makedirs(os.path.dirname(root + name))
        os.symlink(path(source), root + name)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
