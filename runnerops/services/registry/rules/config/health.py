"""Checks `health`: a registry runs each check of itself under a name, and at an interval. Pure.

Source: `RegisterHealthChecks` in distribution's `registry/handlers/app.go`, 2.8 and 3.1.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.found import ENDS, Found, is_true, tree_at

_NAMES = {"file": "file", "http": "uri", "tcp": "addr"}


def health_rules(tree: Tree) -> Found:
    """Runs all rules on `health`."""
    storage = tree_at(tree, "health", "storagedriver")
    if is_true(storage.get("enabled")):
        yield from _interval(storage, ("health", "storagedriver", "interval"))
    seen_names: set[str] = set()
    for kind, called in _NAMES.items():
        checks = tree_at(tree, "health").get(kind)
        for index, check in enumerate(checks if isinstance(checks, list) else []):
            item = check if isinstance(check, dict) else {}
            key: Key = ("health", kind, index)
            yield from _interval(item, (*key, "interval"))
            name = str(item.get(called) or "")
            if name in seen_names:
                yield (
                    "C017",
                    "error",
                    key,
                    f"checks {name or 'nothing'}, as another check does already: {ENDS}",
                    "take one of them out",
                )
            seen_names.add(name)


def _interval(options: Tree, key: Key) -> Found:
    value: Value = options.get("interval")
    below = value < 0 if isinstance(value, int | float) else str(value or "").startswith("-")
    if below and str(value).strip("-0.smhnuµ"):
        yield "C017", "error", key, f"must not be negative: {ENDS}", ""
