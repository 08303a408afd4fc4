"""systemctl, simulated."""

from __future__ import annotations

import sys
import time

from runnerops.demo.simulated import units
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import RefusedError, World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree

_GONE_SECONDS = 10


def systemctl(words: list[str]) -> int:
    """Executes a command of systemctl, which is the first argument that is not an option."""
    options, arguments = _split(words)
    verb, *names = arguments or ["list-units"]
    functions = {
        "is-active": _is_active,
        "show": _show,
        "list-units": _list,
        "kill": _kill,
        "daemon-reload": _nothing,
        "is-system-running": _runs,
        "enable": _enable,
        "disable": _disable,
    }
    with LockedWorld() as world:
        if verb in functions:
            return functions[verb](world, names, options)
        if verb not in {"start", "stop", "restart", "reload", "reset-failed"}:
            raise RefusedError(f"Unknown command verb '{verb}'.")
        for name in map(units.full, names):
            _act(world, verb, name)
    if verb == "stop":
        _await_end(names)
    return 0


def _split(words: list[str]) -> tuple[Tree, list[str]]:
    """Splits arguments into options, with their values, and others."""
    options: Tree = {}
    arguments = []
    follows = iter(words)
    for word in follows:
        name, equals, value = word.partition("=")
        if name in {"-p", "--property", "-s", "--signal", "-n", "--lines"}:
            options[name.lstrip("-")[:1]] = value if equals else next(follows, "")
        elif word.startswith("-"):
            options[name.lstrip("-")] = value
        else:
            arguments.append(word)
    return options, arguments


def _act(world: World, verb: str, name: str) -> None:
    if name not in world.units:
        attempt = {"reset-failed": "reset failed state of unit"}.get(verb, verb)
        problem_text = "not loaded" if verb in {"stop", "reset-failed"} else "not found"
        raise RefusedError(
            f"Failed to {attempt} {name}: Unit {name} {problem_text}.", 1 if verb == "reset-failed" else 5
        )
    if verb == "reset-failed":
        world.units[name]["starts"] = []
        if world.units[name]["active"] == "failed":
            world.units[name]["active"] = "inactive"
    if verb in {"stop", "restart"}:
        units.stop(world, name)
    if verb in {"start", "restart"} and (problem := units.start(world, name)):
        raise RefusedError(problem)
    if verb == "reload":
        units.reload(world, name)


def _await_end(names: list[str]) -> None:
    """Waits until a transient unit has ended, as `systemctl stop` does."""
    end = time.monotonic() + _GONE_SECONDS
    while time.monotonic() < end:
        with LockedWorld() as world:
            if not any(world.units.get(units.full(name), {}).get("transient") for name in names):
                return
        time.sleep(0.02)


def _is_active(world: World, names: list[str], options: Tree) -> int:
    states = [world.units.get(units.full(name), {}).get("active", "inactive") for name in names]
    if not {"q", "quiet"} & set(options):
        sys.stdout.write("".join(f"{state}\n" for state in states))
    return 0 if "active" in states else 3


def _enable(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    for name in map(units.full, names):
        world.units[name]["enabled"] = "enabled"
    return 0


def _disable(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    for name in map(units.full, names):
        world.units[name]["enabled"] = "disabled"
    return 0


def _runs(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    sys.stdout.write("running\n")
    return 0


def _show(world: World, names: list[str], options: Tree) -> int:
    for number, name in enumerate(map(units.full, names)):
        sys.stdout.write("\n" if number else "")
        shown = {"Id": name, **_properties(world.units.get(name))}
        for wanted in options.get("p", ",".join(shown)).split(","):
            if wanted in shown:
                sys.stdout.write(f"{shown[wanted]}\n" if "value" in options else f"{wanted}={shown[wanted]}\n")
    return 0


def _properties(unit: Tree | None) -> dict[str, str]:
    if unit is None:
        return {"LoadState": "not-found", "ActiveState": "inactive", "MainPID": "0", "InvocationID": ""}
    argv = " ".join(unit["argv"])
    started = f"{{ path={unit['argv'][0]} ; argv[]={argv} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] }}"
    states = {"active": "running", "activating": "auto-restart", "inactive": "dead"}
    return {
        "LoadState": "loaded",
        "ActiveState": unit["active"],
        "SubState": states.get(unit["active"], unit["active"]),
        "UnitFileState": unit.get("enabled", "enabled"),
        "MainPID": str(unit["pid"]),
        "InvocationID": unit["invocation"],
        "ExecStart": started,
    }


def _list(world: World, patterns: list[str], options: Tree) -> int:  # noqa: ARG001
    for name, unit in world.units.items():
        if not patterns or any(_fits(name, pattern) for pattern in patterns):
            state = _properties(unit)["SubState"]
            sys.stdout.write(f"{name} loaded {unit['active']} {state} {unit['description']}\n")
    return 0


def _fits(name: str, pattern: str) -> bool:
    """Whether a unit matches a pattern: a name, or a beginning followed by `*`."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _kill(world: World, names: list[str], options: Tree) -> int:
    word = options.get("s", "TERM")
    number = int(word) if word.isdecimal() else units.SIGNALS.get(word.removeprefix("SIG"), 0)
    if not number:
        raise RefusedError(f"Failed to parse signal string {word}.")
    for name in map(units.full, names):
        if name not in world.units:
            raise RefusedError(f"Failed to kill unit {name}: Unit {name} not loaded.")
        units.tell(world, name, number)
    return 0


def _nothing(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    return 0
