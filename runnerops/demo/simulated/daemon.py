"""The Docker daemon, simulated: how it starts, stops and reloads its file."""

from __future__ import annotations

import time

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.daemon_json import mirror_problem, read, start_problem
from runnerops.demo.simulated.world import RefusedError, World

_STICKY = ("registry-mirrors", "live-restore", "labels", "debug", "insecure-registries", "shutdown-timeout")
_LIVE = (*_STICKY, "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "features")


def start(here: World, name: str) -> str:
    """Starts the daemon. Returns why it ended, or an empty text."""
    try:
        tree = read(here, here.units[name]["argv"])
    except RefusedError as refusal:
        here.log(name, str(refusal))
        return str(refusal)
    if problem := start_problem(tree):
        here.log(name, f"failed to start daemon: {problem}")
        return problem
    here.engine["loaded"] = tree
    if tree.get("bip"):
        address, _, prefix = tree["bip"].partition("/")
        here.engine["bridge"] = {"address": address, "prefix": int(prefix or 16)}
    # otherwise docker0 keeps the address that it has
    elif tree.get("default-address-pools") and not tree.get("live-restore"):
        first = tree["default-address-pools"][0]
        here.engine["bridge"] = {"address": f"{first['base'].rpartition('.')[0]}.1", "prefix": first["size"]}
    here.begin(name)
    containers.after_start(here)
    return ""


def stop(here: World, name: str, active: str = "inactive") -> None:
    """Stops the daemon. Whether containers continue depends on the live-restore with which it runs."""
    if not here.engine["loaded"].get("live-restore"):
        for container in here.engine["containers"]:
            containers.end(here, container)
    here.end(name, active)


def reload(here: World, name: str) -> None:
    """Reloads the file. If it is refused, this is only logged, and the old values stay. Values of removed keys stay,
    too.
    """
    try:
        tree = read(here, here.units[name]["argv"])
        if problem := mirror_problem(tree):
            raise RefusedError(problem)
    except RefusedError as refusal:
        here.log(name, f'level=error msg="{refusal}"')
        return
    loaded = here.engine["loaded"]
    for key in _LIVE:
        if key in tree:
            loaded[key] = tree[key]
        elif key not in _STICKY:
            loaded.pop(key, None)
    here.engine["reloads"].append(time.time_ns())
    here.log(name, f'level=info msg="Reloaded configuration: {loaded}"')


def mirrors(here: World) -> list[str] | None:
    """The mirrors as `docker info` shows them."""
    urls = dict.fromkeys(f"{url.rstrip('/')}/" for url in here.engine["loaded"].get("registry-mirrors") or ())
    return list(urls) or None
