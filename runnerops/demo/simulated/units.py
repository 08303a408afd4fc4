"""Units of the simulated systemd: starts, stops, reloads and signals them, and limits how often they are started."""

from __future__ import annotations

import os
import time

from runnerops.demo.simulated import runner_process
from runnerops.demo.simulated.world import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from runnerops.demo.simulated.world import World

SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "TERM": 15}
_FAILED = (
    "Job for {0} failed because the control process exited with error code.\n"
    'See "systemctl status {0}" and "journalctl -xeu {0}" for details.'
)


def full(name: str) -> str:
    """The name with its suffix."""
    return name if "." in name.rpartition("/")[2] else f"{name}.service"


def _daemon() -> ModuleType:
    """Imports the module of a daemon only when it is needed, because most calls only read."""
    from runnerops.demo.simulated import daemon  # noqa: PLC0415

    return daemon


def start(world: World, name: str) -> str:
    """Starts a unit that is not running. Returns the message of a failure, or an empty text."""
    unit = world.units[name]
    if unit["active"] == "active":
        return ""
    now = time.time()
    unit["starts"] = [at for at in unit["starts"] if at > now - unit["limit_seconds"]]
    if len(unit["starts"]) >= unit["limit"]:
        unit |= {"active": "failed", "pid": 0}
        world.log(name, f"{name}: Start request repeated too quickly.")
        return f'Job for {name} failed.\nSee "systemctl status {name}" and "journalctl -xeu {name}" for details.'
    unit["starts"].append(now)
    problem = (_daemon() if name == "docker.service" else runner_process).start(world, name)
    if not problem:
        return ""
    world.log(name, f"{name}: Failed with result 'exit-code'.")
    unit |= {"active": "activating", "pid": 0, "retry": now + unit["again_seconds"]}
    return _FAILED.format(name)


def stop(world: World, name: str) -> None:
    """Stops a unit in any state."""
    unit = world.units[name]
    if unit.get("transient"):
        _strike(unit["supervisor"], SIGNALS["TERM"])
    elif unit["active"] == "active" and name == "docker.service":
        _daemon().stop(world, name)
    elif unit["active"] == "active":
        world.end(name)
    else:
        unit |= {"active": "inactive", "pid": 0}
    world.log(name, f"Stopped {name} - {unit['description']}.")


def reload(world: World, name: str) -> None:
    """Raises RefusedError for a unit that has no reload, or does not run."""
    if name != "docker.service":
        raise RefusedError(f"Failed to reload {name}: Job type reload is not applicable for unit {name}.", 3)
    if world.units[name]["active"] != "active":
        raise RefusedError(f"{name} is not active, cannot reload.")
    _daemon().reload(world, name)


def tell(world: World, name: str, number: int) -> None:
    """Sends a signal to the main process."""
    unit = world.units[name]
    if unit.get("transient"):
        _strike(unit["pid"], number)
    elif unit["active"] != "active":
        raise RefusedError(f"Failed to kill unit {name}: No main process to kill")
    elif number == SIGNALS["HUP"] and name == "docker.service":
        _daemon().reload(world, name)
    elif number == SIGNALS["HUP"]:
        runner_process.load(world)
    elif number in SIGNALS.values():
        if name == "docker.service":
            _daemon().stop(world, name, "activating")
        else:
            runner_process.end(world, name)
        unit["retry"] = time.time() + unit["again_seconds"]


def _strike(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
