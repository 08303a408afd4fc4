"""`docker info`, `docker version` and `docker events`, simulated."""

from __future__ import annotations

import sys

from runnerops.demo.simulated import daemon, effects
from runnerops.demo.simulated.shows import say
from runnerops.demo.simulated.world import NO_DOCKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree, World


def info(world: World, arguments: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker info`, as text or in a format, which may use all fields."""
    up = world.units["docker.service"]["active"] == "active"
    if not up:
        sys.stderr.write(f"{NO_DOCKER}\n")
    loaded = world.engine["loaded"] if up else {}
    running = sum(container["State"]["Running"] for container in world.engine["containers"]) if up else 0
    details = {
        "ID": world.data["boot"] if up else "",
        "Containers": len(world.engine["containers"]) if up else 0,
        "ContainersRunning": running,
        "Images": len(world.engine["images"]) if up else 0,
        "Driver": loaded.get("storage-driver", "overlay2") if up else "",
        "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]] if up else None,
        "LoggingDriver": loaded.get("log-driver", "json-file") if up else "",
        "RegistryConfig": effects.registries(world, daemon.mirrors(world)) if up else None,
        "DockerRootDir": loaded.get("data-root", "/var/lib/docker") if up else "",
        "Name": "demo" if up else "",
        "Labels": loaded.get("labels", []),
        "Debug": bool(loaded.get("debug")),
        "ExperimentalBuild": bool(loaded.get("experimental")),
        "DefaultAddressPools": [
            {"Base": pool["base"], "Size": pool["size"]} for pool in loaded.get("default-address-pools") or ()
        ],
        "ServerVersion": world.engine["version"] if up else "",
        "Swarm": {"LocalNodeState": "inactive" if up else ""},
        "LiveRestoreEnabled": bool(loaded.get("live-restore")),
        "SecurityOptions": effects.security(world) if up else None,
        "DefaultRuntime": loaded.get("default-runtime", "runc") if up else "",
        "Runtimes": effects.runtimes(world) if up else None,
        "InitBinary": loaded.get("init-path", "docker-init") if up else "",
        "CgroupDriver": "systemd" if up else "",
        "Plugins": {"Authorization": loaded.get("authorization-plugins"), "Log": ["json-file", "local", "journald"]},
        "ClientInfo": {"Version": world.engine["version"], "Context": "default"},
    }
    if "format" in options:
        say(options["format"], details, "system.dockerInfo")
        return 0
    sys.stdout.write("".join(f" {name}: {value}\n" for name, value in details.items() if not isinstance(value, dict)))
    return 0 if up else 1


def version(world: World, arguments: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker version`: the version of the client, and of the daemon if it runs."""
    up = world.units["docker.service"]["active"] == "active"
    server = {"Version": world.engine["version"], "ApiVersion": "1.45"} if up else None
    versions = {"Client": {"Version": world.engine["version"], "ApiVersion": "1.45"}, "Server": server}
    if not up:
        sys.stderr.write(f"{NO_DOCKER}\n")
    if "format" not in options:
        sys.stdout.write(f"Client:\n Version: {world.engine['version']}\n")
        sys.stdout.write(f"Server: (simulated)\n Version: {world.engine['version']}\n" if up else "")
    elif up:
        say(options["format"], versions, "system.versionInfo")
    else:
        sys.stdout.write("\n")
    return 0 if up else 1


def events(world: World, arguments: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker events`: pulls and reloads."""
    wanted = dict(options["filter"])
    if wanted.get("event") == "pull":
        for pulled in world.engine["pulls"]:
            if (
                pulled["at"] >= float(options.get("since", 0))
                and wanted.get("image", pulled["image"]) == pulled["image"]
            ):
                sys.stdout.write(f"{pulled['at']} image pull {pulled['image']}\n")
    elif wanted.get("type", "daemon") == "daemon" and wanted.get("event", "reload") == "reload":
        for at in world.engine["reloads"]:
            event = {"TimeNano": at, "Time": at // 10**9, "Type": "daemon", "Action": "reload", "Scope": "local"}
            say(options.get("format", "{{.Time}} daemon reload"), event, "events.Message")
    return 0
