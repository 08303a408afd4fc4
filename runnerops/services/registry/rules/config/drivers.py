"""Checks the storage driver of a registry, and its missing, ignored and invalid parameters. Pure.

Source: `factory.Create` and the drivers in distribution's `registry/storage/driver`, 2.8 and 3.1.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.services.registry.rules.config.azure import azure_rules
from runnerops.services.registry.rules.config.clouds import gcs_rules, limit, oss_rules, swift_rules
from runnerops.services.registry.rules.config.s3 import s3_rules
from runnerops.services.registry.rules.found import ENDS, Found, only, tree_at
from runnerops.services.registry.rules.near import slips, unread
from runnerops.services.registry.schema import CONFIG, STORAGE_ASIDE
from runnerops.services.registry.schema.storage import PARAMETERS, REMOVED_STORAGE, STORAGE


def storage_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on the driver."""
    storage = tree.get("storage")
    names = [str(storage)] if isinstance(storage, str | int | float) else [*tree_at(tree, "storage")]
    drivers = [name for name in names if name not in STORAGE_ASIDE]
    if len(drivers) != 1:
        yield from _not_one(drivers)
        return
    name = drivers[0]
    if "tag" in tree_at(tree, "storage"):
        text = "registry 2 reads it as a second storage driver"
        yield from only(2, major, [("C009", "error", ("storage", "tag"), f"{text}: {ENDS}", "take it out")])
    if name not in STORAGE:
        text = f"there is no storage driver {name!r}: {ENDS}"
        fix = _fix_beside(name, "") or f"write one of {', '.join(STORAGE)}"
        key: Key = ("storage", name) if isinstance(storage, dict) else ("storage",)
        yield "C009", "error", key, text, fix
        return
    if name in REMOVED_STORAGE:
        text = f"registry 3 has no storage driver {name!r}"
        yield from only(3, major, [("C009", "error", ("storage", name), f"{text}: {ENDS}", "use another driver")])
        if major == 3:
            return
    parameters, key = tree_at(tree, "storage", name), ("storage", name)
    missing = (*_missing(name, parameters, key),)
    yield from only(2, major, missing) if name in REMOVED_STORAGE else missing
    yield from _parameters(name, parameters, major, key)
    yield from unread(PARAMETERS.get(name), parameters, major, key, any_case=name in {"azure", "swift"})


def _not_one(drivers: list[str]) -> Found:
    """Finds what is read as a second storage driver, or that there are several of them or none."""
    known_drivers = [name for name in drivers if name in STORAGE]
    for name in drivers:
        if name not in known_drivers:
            text = "is read as a second storage driver" if known_drivers else f"there is no storage driver {name!r}"
            yield (
                "C009",
                "error",
                ("storage", name),
                f"{text}: {ENDS}",
                _fix_beside(name, known_drivers[0] if known_drivers else ""),
            )
    if len(known_drivers) > 1 or not drivers:
        text = f"must name exactly one storage driver, not {' and '.join(known_drivers) or 'none'}: {ENDS}"
        yield "C009", "error", ("storage",), text, "keep one of them" if drivers else "add one, such as filesystem"


def is_in_the_place_of_a_driver(key: Key, tree: Tree) -> bool:
    """Whether a key stands beside the storage driver, and is read as another one, which has a message of its own."""
    return len(key) == 2 and key[0] == "storage" and key[1] not in {*STORAGE, *STORAGE_ASIDE} and "storage" in tree


def _fix_beside(name: str, driver: str) -> str:
    """What to write instead of a key that is read as a driver. `driver`: the one that there is; empty if none."""
    owners = [owner for owner, of_major in PARAMETERS.items() if any(name in names for names in of_major.values())]
    if driver in owners or (owners and not driver):
        return f"move it below {driver or (owners[0] if len(owners) == 1 else 'filesystem')}"
    if name in CONFIG:
        return "move it out of storage, to the beginning of the line"
    if name.startswith("/"):
        return f"write filesystem: {{rootdirectory: {name}}}"
    return near_fix(name, STORAGE_ASIDE if driver else [*STORAGE, *STORAGE_ASIDE]) or ("take it out" if driver else "")


def _missing(name: str, parameters: Tree, key: Key) -> Found:
    misspelt = slips(parameters, STORAGE[name])
    for wanted in STORAGE[name]:
        if wanted in misspelt:
            continue
        empty: tuple[str | None, ...] = (None, "") if name in {"s3", "s3aws", "swift"} else ("",)
        if wanted.startswith("accesskey"):
            empty = ()
        if wanted not in parameters or parameters[wanted] in empty:
            yield "C009", "error", key, f"has no {wanted}: {ENDS}", "add it"


def _parameters(name: str, parameters: Tree, major: int, key: Key) -> Found:
    """Finds parameters of one driver that end the registry, apart from missing ones."""
    if name in {"s3", "s3aws"}:
        yield from s3_rules(parameters, major, key)
    elif name == "azure":
        yield from azure_rules(parameters, major, key)
    elif name == "filesystem":
        yield from limit("maxthreads", parameters, key)
    elif name == "gcs":
        yield from gcs_rules(parameters, major, key)
    elif name == "oss":
        yield from only(2, major, oss_rules(parameters, key))
    elif name == "swift":
        yield from only(2, major, swift_rules(parameters, key))
