"""The Docker daemon, simulated: how it starts, stops and reloads its file."""

from __future__ import annotations

import time

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.daemon_json import mirror_problem, read, start_problem
from runnerops.demo.simulated.world import RefusedError, World

_STICKY = ("registry-mirrors", "live-restore", "labels", "debug", "insecure-registries", "shutdown-timeout")
_LIVE = (*_STICKY, "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "features")


def start(world: World, name: str) -> str:
    """Starts the daemon. Returns why it ended, or an empty text."""
    try:
        tree = read(world, world.units[name]["argv"])
    except RefusedError as refusal:
        world.log(name, str(refusal))
        return str(refusal)
    if problem := start_problem(tree):
        world.log(name, f"failed to start daemon: {problem}")
        return problem
    world.engine["loaded"] = tree
    if tree.get("bip"):
        address, _, prefix = tree["bip"].partition("/")
        world.engine["bridge"] = {"address": address, "prefix": int(prefix or 16)}
    # otherwise docker0 keeps the address that it has
    elif tree.get("default-address-pools") and not tree.get("live-restore"):
        first = tree["default-address-pools"][0]
        world.engine["bridge"] = {"address": f"{first['base'].rpartition('.')[0]}.1", "prefix": first["size"]}
    world.begin(name)
    containers.after_start(world)
    return ""


def stop(world: World, name: str, active: str = "inactive") -> None:
    """Stops the daemon. Whether containers continue depends on the live-restore with which it runs."""
    if not world.engine["loaded"].get("live-restore"):
        for container in world.engine["containers"]:
            containers.end(world, container)
    world.end(name, active)


def reload(world: World, name: str) -> None:
    """Reloads the file. If it is refused, this is only logged, and the old values stay. Values of removed keys stay,
    too.
    """
    try:
        tree = read(world, world.units[name]["argv"])
        if problem := mirror_problem(tree):
            raise RefusedError(problem)
    except RefusedError as refusal:
        world.log(name, f'level=error msg="{refusal}"')
        return
    loaded = world.engine["loaded"]
    for key in _LIVE:
        if key in tree:
            loaded[key] = tree[key]
        elif key not in _STICKY:
            loaded.pop(key, None)
    world.engine["reloads"].append(time.time_ns())
    world.log(name, f'level=info msg="Reloaded configuration: {loaded}"')


def mirrors(world: World) -> list[str] | None:
    """The mirrors as `docker info` shows them."""
    urls = dict.fromkeys(f"{url.rstrip('/')}/" for url in world.engine["loaded"].get("registry-mirrors") or ())
    return list(urls) or None
