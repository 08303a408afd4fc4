"""Lays the variables of a registry over the configuration file of its image. Pure.

Source: `overwriteFields` in distribution's `configuration/parser.go`, 2.8 and 3.1, and the file of the official image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Literal

from runnerops.frozen import frozen, mutable
from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import did_you_mean
from runnerops.patterns import late_pattern
from runnerops.services.registry.schema import AUTH, CONFIG, FIELDS, LOOKED_AT, STORAGE_ASIDE, Shape
from runnerops.services.registry.schema.storage import STORAGE

Effect = Literal["set", "unknown", "below", "nested", "other", "indexed", "lost", "ends"]
"""`unknown`: names no key. `below`: stands below a key that has none below it. `other`: a key of the other major version.
`nested`: stands in a mapping that another variable sets as a whole.
`indexed`: an index, which registry 2 passes over. `lost`: an item that becomes an empty text. `ends`: the registry ends."""

_VERSION = {2: late_pattern(r"\d+\.\d+(?:\..*)?"), 3: late_pattern(r"\d+\.\d+")}
"""What each major version takes in REGISTRY_VERSION."""

_ANY: Shape = {"*": "any"}
_MAPS: dict[str, Shape] = {"storage": {"*": _ANY}, "auth": {"*": _ANY}}
_WHOLE: dict[Key, str] = {
    ("storage", "maintenance", name): f"a single key of {name} ends the registry: it takes the mapping as a whole"
    for name in ("uploadpurging", "readonly")
}
_OF_THE_IMAGE: Tree = {
    "version": "0.1",
    "log": {"fields": {"service": "registry"}},
    "storage": {"cache": {"blobdescriptor": "inmemory"}, "filesystem": {"rootdirectory": "/var/lib/registry"}},
    "http": {"addr": ":5000"},
    "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
}


def of_the_image(major: int) -> Tree:
    """Returns the file of the official image, as far as it matters here."""
    tree = deepcopy(_OF_THE_IMAGE)
    if major != 2:
        storage: Tree = {**_OF_THE_IMAGE["storage"], "delete": {"enabled": True}, "tag": {"concurrencylimit": 5}}  # type: ignore[dict-item]
        debug: Tree = {"addr": ":5001", "prometheus": {"enabled": True, "path": "/metrics"}}
        tree |= {"storage": deepcopy(storage), "http": {"addr": ":5000", "debug": debug}}
    return tree


@frozen
class Variable:
    """A variable that the registry reads. `value`: as YAML reads it; `place`: its key in the Compose file."""

    name: str
    place: Key
    value: Value


@frozen
class Laid:
    """The effect of a variable, the key of the configuration and its shape. `text` says why the registry ends."""

    effect: Effect
    key: Key
    shape: Shape = "any"
    text: str = ""


@mutable
class Overlay:
    """A configuration while variables are laid over it. `whole`: its file is known, with the length of its lists."""

    major: int
    tree: Tree
    whole: bool

    def lay(self, variables: Iterable[Variable]) -> dict[Key, Laid]:
        """Lays variables in the order of their names, as the registry does. Returns effects by place."""
        return {
            variable.place: self._lay(variable) for variable in sorted(variables, key=lambda variable: variable.name)
        }

    def _lay(self, variable: Variable) -> Laid:
        path = variable.name.split("_")[1:]
        if path[:2] == ["REDIS", "OPTIONS"] and self.major != 2:
            del path[1]  # a field of the source, which the file has no level for
        if path == ["VERSION"]:  # the registry reads it again, but has already chosen how to read the file
            wrong = variable.value is not None and not _VERSION[self.major].fullmatch(str(variable.value))
            return (
                Laid("ends", ("version",), text="must be 0.1, the only version") if wrong else Laid("set", ("version",))
            )
        return self._into(self.tree, CONFIG, path, (), variable.value)

    def _into(self, node: Value, shape: Shape, path: list[str], key: Key, value: Value) -> Laid:
        if isinstance(shape, list):
            return self._item(node, shape[0], path, key, value)
        if not isinstance(shape, dict) or not isinstance(node, dict):
            return Laid("below", key)
        name, wrong = self._named(node, shape, path, key)
        if wrong:
            return wrong
        full_key: Key = (*key, name)
        inner: Shape = _MAPS.get(name, shape[name]) if not key else shape.get(name, shape.get("*", "any"))
        if len(path) == 1:
            alone = full_key in {("storage",), ("auth",)} and isinstance(value, str)
            node[name] = {str(value): {}} if alone else deepcopy(value)
            return Laid("set", full_key, inner if key else CONFIG[name])
        below: Shape = _ANY if inner == "any" else inner
        if isinstance(below, str) or isinstance(node.get(name), str | int | float):
            return Laid("below", full_key)
        if node.get(name) is None:
            node[name] = [] if isinstance(below, list) else {}
        return self._into(node[name], below, path[1:], full_key, value)

    def _named(self, node: Tree, shape: dict[str, Shape], path: list[str], key: Key) -> tuple[str, Laid | None]:
        """Returns the name in the file for the first part of a path, and what is wrong with it."""
        part = path[0]
        name = _name(part, key)
        full_key: Key = (*key, name)
        if "*" in shape:
            name = next((child for child in node if child.upper() == part), part.lower())
            refusal = _WHOLE.get((*key, name), "") if len(path) > 1 else ""
            if refusal and isinstance(node.get(name), dict):
                return name, Laid("nested", (*key, name))
            problem = _no_such((*key, name)) or refusal
            return name, Laid("ends", (*key, name), text=problem) if problem else None
        if name not in shape or part != part.upper():
            return name, Laid("unknown", full_key)
        return name, None if LOOKED_AT.get(full_key, self.major) == self.major else Laid("other", full_key)

    def _item(self, node: Value, shape: Shape, path: list[str], key: Key, value: Value) -> Laid:
        if self.major == 2:
            return Laid("indexed", key)
        if not re.fullmatch(r"[+-]?\d+", path[0]):
            return Laid("ends", key, text=f"{path[0]} is no index of a list")
        index, items = int(path[0]), node if isinstance(node, list) else []
        if index < 0 or (index > len(items) and self.whole):
            return Laid("ends", key, text=f"{path[0]} is too high an index: the next one is {len(items)}")
        if not path[1:]:
            return (
                Laid("ends", key, text="an item has keys of its own") if isinstance(shape, dict) else Laid("lost", key)
            )
        while len(items) <= index:
            items.append({})
        return self._into(items[index], shape, path[1:], (*key, index), value)


def _name(part: str, key: Key) -> str:
    """Returns the name that a field has in the file. A variable names it as the source does."""
    above = tuple(word for word in key if isinstance(word, str))
    field_names = {source: name for (*folder, name), source in FIELDS.items() if tuple(folder) == above}
    lower = part.lower()
    return field_names.get(lower, "" if lower in field_names.values() else lower)


def _no_such(key: Key) -> str:
    """Returns the message for a driver or controller that does not exist; empty if it does."""
    name = str(key[-1])
    if len(key) == 2 and key[0] == "storage" and name not in {*STORAGE, *STORAGE_ASIDE}:
        return f"there is no storage driver {name!r}{did_you_mean(name, (*STORAGE, *STORAGE_ASIDE))}"
    if len(key) == 2 and key[0] == "auth" and name not in {*AUTH, "none"}:
        return f"there is no access controller {name!r}{did_you_mean(name, AUTH)}"
    return ""
