"""The gitlab-runner process, simulated: how it starts, loads a file and ends."""

from __future__ import annotations

import os
import time

from runnerops.demo.simulated.config_toml import config_path, read
from runnerops.demo.simulated.world import RefusedError, World, path

UNIT = "gitlab-runner.service"
_POLL_SECONDS = 3


def start(world: World, name: str) -> str:
    """Starts the process. Without a config.toml it starts too, and looks for the file again and again."""
    world.begin(name)
    world.runner.update({"config": None, "mtime": 0, "loaded": 0, "errors": 0, "page": ""})
    load(world)
    world.runner["page"] = (world.runner["config"] or {}).get("listen_address", "")
    return ""


def load(world: World) -> None:
    """Loads the file. If it cannot be loaded, the old configuration stays. `concurrent = 0` ends the process. Without a
    file, all values are defaults.
    """
    name = config_path(world.units[UNIT]["argv"])
    try:
        tree = read(name) if os.path.exists(path(name)) else {}
    except RefusedError as refusal:
        world.runner["errors"] += 1
        world.log(UNIT, f"ERROR: Failed to load config {refusal}")
        return
    if tree.get("concurrent", 1) <= 0:
        world.log(UNIT, "FATAL: Concurrent is less than 1 - no jobs will be processed")
        end(world, UNIT)
        return
    world.runner.update({"config": tree, "mtime": _mtime(world), "loaded": world.runner["loaded"] + 1})
    world.log(UNIT, "Configuration loaded")


def poll(world: World) -> None:
    """Loads the file if it is newer than the loaded one, and the process had time to notice this."""
    unit, mtime = world.units[UNIT], _mtime(world)
    if unit["active"] == "active" and world.runner["mtime"] < mtime < (time.time() - _POLL_SECONDS) * 1e9:
        load(world)


def end(world: World, name: str) -> None:
    """Ends the process, at once, because the demo has no jobs. systemd starts it again after two minutes."""
    world.log(name, "All workers stopped.")
    world.end(name, "activating")
    world.units[name]["retry"] = time.time() + world.units[name]["again_seconds"]


def metrics(world: World) -> str:
    """The metrics page, if it is configured."""
    config = world.runner["config"] or {}
    lines = [
        f"gitlab_runner_concurrent {config.get('concurrent', 1)}",
        f"gitlab_runner_configuration_loaded_total {world.runner['loaded']}",
        f"gitlab_runner_configuration_loading_error_total {world.runner['errors']}",
    ]
    for runner in config.get("runners", ()):
        lines.append(f'gitlab_runner_jobs{{runner="{runner.get("token", "")[5:14]}",state="running"}} 0')
    return "".join(f"{line}\n" for line in lines)


def _mtime(world: World) -> int:
    try:
        return os.stat(path(config_path(world.units[UNIT]["argv"]))).st_mtime_ns
    except OSError:
        return 0
