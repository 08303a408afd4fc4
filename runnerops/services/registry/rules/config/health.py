"""Checks `health`: a registry runs each check of itself under a name, and at an interval. Pure.

Source: `RegisterHealthChecks` in distribution's `registry/handlers/app.go`, 2.8 and 3.1.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.found import ENDS, WEB, Found, is_true, tree_at

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
            yield from _named(kind, name, key)
            if name in seen_names:
                yield (
                    "C017",
                    "error",
                    key,
                    f"checks {name or 'nothing'}, as another check does already: {ENDS}",
                    "take one of them out",
                )
            seen_names.add(name)


def _named(kind: str, name: str, key: Key) -> Found:
    """Finds a check that can only fail, so that the registry answers every request with 503."""
    harm = "the check always fails, and the registry answers every request with status 503"
    if kind == "tcp" and not name:
        yield "C013", "error", key, f"has no addr: {harm}", "add addr: HOST:PORT"
    elif kind == "http" and not name:
        yield "C013", "error", key, f"has no uri: {harm}", "add the URL to ask"
    elif kind == "http" and not WEB.match(name) and "${" not in name:
        yield "C013", "error", (*key, "uri"), f"must be an http or https URL: {harm}", "write http://HOST/PATH"


def _interval(options: Tree, key: Key) -> Found:
    value: Value = options.get("interval")
    below = value < 0 if isinstance(value, int | float) else str(value or "").startswith("-")
    if below and str(value).strip("-0.smhnuµ"):
        yield "C017", "error", key, f"must not be negative: {ENDS}", ""
