"""Commands of the docker client for one container: logs, run, create, stop, start, update, rm. Simulated."""

from __future__ import annotations

import sys
import time

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.images import bring, tagged
from runnerops.demo.simulated.world import RefusedError, World, random_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree


def logs(world: World, names: list[str], options: Tree) -> int:
    """`docker logs`: what the container's process has printed."""
    container = containers.find(world, names[0])
    since = options.get("since", "")
    began = time.time() - float(since[:-1]) if since.endswith("s") else 0
    for line in container["Log"]:
        if line["at"] >= began:
            sys.stdout.write(f"{line['text']}\n")
    return 0


def run(world: World, words: list[str], options: Tree) -> int:
    """`docker run -d`: a container that only waits, because nothing in it is executed."""
    if "d" not in options and "detach" not in options:
        raise RefusedError("docker: 'run' is simulated with -d only: nothing would be executed", 125)
    container = _made(world, words, options)
    containers.start(world, container)
    sys.stdout.write(f"{container['Id']}\n")
    return 0


def create(world: World, words: list[str], options: Tree) -> int:
    """`docker create`"""
    sys.stdout.write(f"{_made(world, words, options)['Id']}\n")
    return 0


def _made(world: World, words: list[str], options: Tree) -> Tree:
    names_of_id = (name for name, image in world.engine["images"].items() if image["id"] == words[0])
    image = next(names_of_id, tagged(words[0]))
    if image not in world.engine["images"]:
        bring(world, image)
    name, _, value = str(options.get("label", "")).partition("=")
    spec = {"labels": {name: value} if name else {}, "command": words[1:], "environment": [], "restart": "no"}
    loaded = world.engine["loaded"]
    logging = {"driver": loaded.get("log-driver", "json-file"), "options": loaded.get("log-opts", {})}
    network = options.get("network", "bridge")
    return containers.create(
        world,
        f"simulated-{random_hex(4)}",
        image,
        {**spec, "ports": {}, "mounts": [], "network": network, "logging": logging},
    )


def stop(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker stop`"""
    for name in names:
        containers.end(world, containers.find(world, name))
        sys.stdout.write(f"{name}\n")
    return 0


def start(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker start`, also of a container that is running."""
    for name in names:
        container = containers.find(world, name)
        if not container["State"]["Running"]:
            containers.start(world, container)
        sys.stdout.write(f"{name}\n")
    return 0


def update(world: World, names: list[str], options: Tree) -> int:
    """`docker update --restart`"""
    for name in names:
        containers.find(world, name)["HostConfig"]["RestartPolicy"]["Name"] = options["restart"]
        sys.stdout.write(f"{name}\n")
    return 0


def rm(world: World, names: list[str], options: Tree) -> int:
    """`docker rm`; with `-f`, also of a running container."""
    for name in names:
        container = containers.find(world, name)
        if container["State"]["Running"] and not {"f", "force"} & set(options):
            raise RefusedError(
                f'Error response from daemon: cannot remove container "{container["Name"]}": container is running'
            )
        world.engine["containers"].remove(container)
        sys.stdout.write(f"{name}\n")
    return 0
