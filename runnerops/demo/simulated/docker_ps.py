"""docker ps and docker inspect, simulated."""

from __future__ import annotations

import sys

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.images import image_inspect
from runnerops.demo.simulated.shows import say, show_all
from runnerops.demo.simulated.world import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree, World


def ps(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker ps`: rows in a format, ids, or the table."""
    everyone = {"a", "all"} & set(options) or any(name == "status" for name, _ in options["filter"])
    rows = [
        _row(container, "no-trunc" in options)
        for container in reversed(world.engine["containers"])
        if (everyone or container["State"]["Running"]) and _matches(container, options["filter"])
    ]
    if {"q", "quiet"} & set(options):
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
    elif "format" in options:
        for row in rows:
            say(options["format"], row, "*formatter.ContainerContext")
    else:
        columns = {"ID": 14, "Image": 18, "Status": 34, "Ports": 28, "Names": 0}
        sys.stdout.write(
            "".join(f"{'CONTAINER ID' if name == 'ID' else name.upper():<{w}}" for name, w in columns.items())
        )
        sys.stdout.write("\n")
        for row in rows:
            sys.stdout.write("".join(f"{row[name]:<{width}}" for name, width in columns.items()) + "\n")
    return 0


def inspect(world: World, names: list[str], options: Tree) -> int:
    """`docker inspect NAME…`: the containers that exist; the exit status is 1 if one does not. Images only with `--type`."""
    if options.get("type") == "image":
        return image_inspect(world, names, options)
    status = 0
    existing = []
    for name in names:
        try:
            existing.append(containers.find(world, name))
        except RefusedError as refusal:
            sys.stderr.write(f"{refusal}\n")
            status = 1
    show_all(existing, options, "types.ContainerJSON")
    return status


def _matches(container: Tree, wanted: list[tuple[str, str]]) -> bool:
    return all(_has(container, name, *value.partition("=")) for name, value in wanted)


def _has(container: Tree, name: str, key: str, equals: str, text: str) -> bool:
    labels = container["Config"]["Labels"]
    if name == "label":
        return key in labels and (not equals or labels[key] == text)
    if name == "name":
        return key in container["Name"]
    if name == "status":
        return bool(container["State"]["Status"] == key)
    if name == "network":
        return bool(container["HostConfig"]["NetworkMode"] == key)
    if name == "id":
        return str(container["Id"]).startswith(key)
    raise RefusedError(f"Error response from daemon: invalid filter '{name}'")


def _row(container: Tree, full_id: bool) -> Tree:
    """A container as `docker ps` shows it."""
    labels = container["Config"]["Labels"]
    published = ", ".join(f"{address}:{port}->5000/tcp" for address, port in containers.ports(container))
    states = {"running": f"Up (since {container['State']['StartedAt']})", "restarting": "Restarting (2)"}
    return {
        "ID": container["Id"] if full_id else container["Id"][:12],
        "Names": container["Name"].lstrip("/"),
        "Image": container["Config"]["Image"],
        "State": container["State"]["Status"],
        "Status": states.get(container["State"]["Status"], "Exited (0)"),
        "Ports": published if container["State"]["Running"] else "",
        "Labels": ",".join(f"{key}={value}" for key, value in labels.items()),
        "Label": lambda name: labels.get(name, ""),
    }
