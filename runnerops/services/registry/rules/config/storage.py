"""Checks the keys of `storage` beside the driver, which have no type until the registry starts. Pure.

Source: `NewApp` in distribution's `registry/handlers/app.go`, 2.8 and 3.1.
"""

from __future__ import annotations

import re

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.found import ENDS, Found, is_bool, is_true, tree_at
from runnerops.services.shared.durations import in_hours, is_duration

_FIRST_POWER = 1e6
"""From here on Go writes a number that it has read as a fraction as a power (`1e+06`), which it does not read again."""


def aside_rules(tree: Tree) -> Found:
    """Runs all rules on `maintenance`, `cache`, `delete`, `redirect` and `tag`."""
    for rule in (_purging, _readonly, _delete, _redirect, _tag, _cache):
        yield from rule(tree)


def _purging(tree: Tree) -> Found:
    key: Key = ("storage", "maintenance", "uploadpurging")
    maintenance = tree_at(tree, "storage", "maintenance")
    if "uploadpurging" not in maintenance:
        return
    purging = maintenance["uploadpurging"]
    if purging is None:
        yield "C017", "error", key, f"is empty: {ENDS}", "write {enabled: false} to turn it off"
    if not isinstance(purging, dict):  # said of its type already
        return
    if purging.get("enabled") is False:
        return
    missing = [name for name in ("age", "interval", "dryrun") if name not in purging]
    if missing:
        text = f"has no {' and no '.join(missing)}, and must be complete: {ENDS}"
        yield "C017", "error", key, text, "write {enabled: true, age: 168h, interval: 24h, dryrun: false}"
    for name in ("age", "interval"):
        value = purging.get(name)
        if name in purging and not (isinstance(value, str) and is_duration(value)):
            yield (
                "C017",
                "error",
                (*key, name),
                f"must be a duration with its unit, such as 168h: {ENDS}",
                in_hours(value),
            )
    if "dryrun" in purging and not is_bool(purging["dryrun"]):
        yield "C017", "error", (*key, "dryrun"), f"must be true or false, without quotes: {ENDS}", ""


def _readonly(tree: Tree) -> Found:
    maintenance = tree_at(tree, "storage", "maintenance")
    key: Key = ("storage", "maintenance", "readonly")
    readonly = maintenance.get("readonly")
    if "readonly" in maintenance and readonly is None:
        yield "C017", "error", key, f"is empty: {ENDS}", "write {enabled: true}"
    elif isinstance(readonly, dict) and "enabled" in readonly and not is_bool(readonly["enabled"]):
        yield "C017", "error", (*key, "enabled"), f"must be true or false, without quotes: {ENDS}", ""


def _cache(tree: Tree) -> Found:
    cache = tree_at(tree, "storage", "cache")
    name = "blobdescriptor" if "blobdescriptor" in cache else "layerinfo"
    kind, key = cache.get(name), ("storage", "cache", name)
    if kind not in (None, "", "inmemory", "redis"):
        yield "C010", "warning", key, "is neither inmemory nor redis, so nothing is cached", "write one"
    if "blobdescriptorsize" in cache and kind == "inmemory" and not _is_size(cache["blobdescriptorsize"]):
        yield "C017", "error", ("storage", "cache", "blobdescriptorsize"), f"must be a whole number: {ENDS}", ""


def _is_size(value: Value) -> bool:
    """Whether the registry, which writes the value as Go does and reads that again, finds a whole number."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) < _FIRST_POWER
    return re.fullmatch(r"[+-]?\d{1,18}", str(value)) is not None


def _delete(tree: Tree) -> Found:
    delete = tree_at(tree, "storage", "delete")
    if isinstance(delete.get("enabled"), str) and not is_bool(delete["enabled"]):
        text = "is a string, which the registry reads as false"
        yield "C011", "warning", ("storage", "delete", "enabled"), text, "write true or false, without quotes"
    elif _is_cache_without_deleting(tree):
        text = "without `storage: {delete: {enabled: true}}` a cache never frees what has expired"
        yield "C011", "warning", ("storage", "delete"), text, "add it"


def _is_cache_without_deleting(tree: Tree) -> bool:
    """Whether it is a cache whose `delete` is well formed and not enabled."""
    storage = tree.get("storage")
    if not isinstance(storage, dict) or not isinstance(storage.get("delete", {}), dict | None):
        return False
    if "delete" in tree:  # in the wrong place, as another rule reports
        return False
    return bool(tree_at(tree, "proxy").get("remoteurl")) and not is_true(
        tree_at(tree, "storage", "delete").get("enabled")
    )


def _redirect(tree: Tree) -> Found:
    storage = tree_at(tree, "storage")
    if "redirect" in storage and not is_bool(tree_at(tree, "storage", "redirect").get("disable")):
        text = f"has no `disable` that is true or false, without quotes: {ENDS}"
        yield "C017", "error", ("storage", "redirect"), text, "write {disable: true}"


def _tag(tree: Tree) -> Found:
    limit = tree_at(tree, "storage", "tag").get("concurrencylimit", 0)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit < 1 << 63:
        key = ("storage", "tag", "concurrencylimit")
        yield "C017", "error", key, f"must be a whole number of 0 or more: {ENDS}", ""
