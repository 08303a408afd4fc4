"""Checks `logging` of one Compose service: Docker gives its options to the log driver. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.services.registry.rules.compose.parts import REFUSES, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.log_drivers import (
    EVERYWHERE,
    LOCAL_FROM_29_5,
    LOG_DRIVERS,
    meant_drivers,
    unknown_option,
)
from runnerops.services.shared.log_options import Problems, late_problems, option_problems
from runnerops.services.shared.sizes import is_size

_EVERY = EVERYWHERE.union(*(options for options in LOG_DRIVERS.values() if options))
_SIZES = ("max-size", "max-buffer-size", "cache-max-size")


def log_rules(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    logging = mapping(service.get("logging"))
    driver = logging.get("driver") or ""
    if not isinstance(driver, str) or open_text(driver) or ":" in driver or "/" in driver:
        return
    place: Key = (*key, "logging")
    if driver and driver not in LOG_DRIVERS:  # a plugin may have any other name
        if meant := meant_drivers(driver):
            text = f"there is no log driver {driver!r}: {REFUSES}"
            yield "K002", "error", (*place, "driver"), text, f"write {' or '.join(meant)}"
        return
    given: Tree = {
        name: str(value)
        for name, value in mapping(logging.get("options")).items()
        if isinstance(value, str | int | float)
    }
    unknown = {name: found for name in given for found in _unknown(name, driver, (*place, "options", name))}
    yield from unknown.values()
    if driver != "none" and given.keys() - unknown and not any(open_text(value) for value in given.values()):
        for name, problem, fix in _values(driver, given):
            if name:
                yield "K002", "error", (*place, "options", name), f"{problem}: {REFUSES}", fix
            else:  # what is missing may be given by the log-opts of dockerd
                yield "K002", "warning", (*place, "options"), f"{problem}: {REFUSES}", fix


def _unknown(name: str, driver: str, place: Key) -> Found:
    """Finds an option that the driver, or without one any built-in driver, does not accept."""
    if driver == "local" and name in LOCAL_FROM_29_5:
        text = "local accepts this option only since Docker 29.5: older ones refuse the container"
        yield "K002", "warning", place, text, "take it out, or use json-file"
    elif driver:
        if unknown := unknown_option(name, driver):
            yield "K002", "error", place, f"{unknown[0]}: {REFUSES}", unknown[1]
    elif name not in _EVERY:
        text, fix = f"no built-in log driver accepts this option: {REFUSES}", near_fix(name, _EVERY)
        yield "K002", "error" if fix else "warning", place, text, fix or "take it out"


def _values(driver: str, options: Tree) -> Problems:
    for name in _SIZES:
        value = options.get(name)
        if isinstance(value, str) and not is_size(value) and not (name == "max-size" and value == "-1"):
            yield name, "must be a size", "write for example 10m"
    yield from option_problems(driver, options)
    yield from late_problems(driver or "local", options)
