"""Nulls in the lists of daemon.json. Pure. Source: Go's `encoding/json`, which makes them empty items."""

from __future__ import annotations

from runnerops.model.common import Tree, Value
from runnerops.services.docker.schema import KEYS
from runnerops.services.docker.schema.nested import Found


def without_nulls(tree: Tree) -> Tree:
    """The tree as Go decodes it: a null in a list of strings becomes an empty string."""
    return {
        name: ["" if item is None else item for item in _strings(name, value)] or value for name, value in tree.items()
    }


def nulls(tree: Tree) -> Found:
    """The places of nulls. Other rules report the effect of the empty texts."""
    for name, value in tree.items():
        for index, item in enumerate(_strings(name, value)):
            if item is None:
                yield "D003", "warning", (name, index), "is null, which dockerd takes for an empty text", "take it out"


def _strings(name: str, value: Value) -> list[Value]:
    """The items of a key that is a list of strings; none for other keys."""
    return value if isinstance(value, list) and name in KEYS and KEYS[name].kind == "strings" else []
