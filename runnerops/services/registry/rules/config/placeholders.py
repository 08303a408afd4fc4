"""Finds variables in a registry's configuration, which the registry takes as they stand. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema import variable_of

_VARIABLE = late_pattern(r".*\$\{[A-Za-z_]\w*(?:[:?+-][^}]*)?\}.*|\$[A-Z_][A-Z0-9_]*")


def placeholder_rules(tree: Tree) -> Found:
    """Finds values like `${NAME}`. In an upstream it is no URL, which another rule reports."""
    for key, text in _texts(tree, ()):
        if key != ("proxy", "remoteurl") and _VARIABLE.fullmatch(text):
            reason = "the registry replaces no variables in its file, and takes this as it stands"
            yield "C019", "warning", key, reason, f"write the value, or set {variable_of(key)} in its environment"


def _texts(value: Value, key: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*key, index))
