"""Checks `redis`, whose keys differ between the major versions, and which the cache of descriptors may need. Pure.

Source: `configureRedis` in distribution's `registry/handlers/app.go`, 2.8 and 3.1.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.services.registry.rules.found import ENDS, Found, is_set, only, tree_at

_CACHE: Key = ("storage", "cache")


def redis_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on `redis`."""
    redis, cache = tree_at(tree, "redis"), tree_at(tree, "storage", "cache")
    name = "blobdescriptor" if "blobdescriptor" in cache else "layerinfo"
    wanted = cache.get(name) == "redis"
    has_2, has_3 = is_set(redis.get("addr")), redis.get("addrs") not in (None, "", [])
    if wanted and not has_2 and not has_3:
        yield (
            "C010",
            "error",
            (*_CACHE, name),
            f"needs `redis` with its address: {ENDS}",
            "add redis: {addr: HOST:PORT}, or write inmemory here",
        )
        return
    authorities = tree_at(tree, "redis", "tls").get("rootcas")
    for index, path in enumerate(authorities if wanted and isinstance(authorities, list) else []):
        if not is_set(path):
            key: Key = ("redis", "tls", "rootcas", index)
            yield from only(
                3, major, [("C010", "error", key, f"names no file, and the cache needs redis: {ENDS}", "take it out")]
            )
    if "clientcas" in tree_at(tree, "redis", "tls"):
        text = "only registry 3.0 reads it: since 3.1 it is ignored, and `rootcas` is read"
        yield from only(3, major, [("C016", "warning", ("redis", "tls", "clientcas"), text, "write rootcas")])
    harm = f": {ENDS}" if wanted else ""
    if has_2 and not has_3:
        fix = "write addrs: [HOST:PORT]"
        text = f"registry 3 reads the list `addrs` instead of `addr`{harm}"
        yield from only(3, major, [("C016", "error", ("redis", "addr"), text, fix)])
    elif has_3 and not has_2:
        text, fix = f"registry 2 reads `addr` instead of `addrs`{harm}", "write addr: HOST:PORT"
        yield from only(2, major, [("C016", "error", ("redis", "addrs"), text, fix)])
    elif has_2 and has_3:  # so that a file serves both, which is no mistake while the version is not known
        for ignored, reader in (("addr", 2), ("addrs", 3)):
            text = f"registry {major} ignores it: registry {reader} reads it"
            yield from only(5 - reader, major, [("C001", "warning", ("redis", ignored), text, "remove it")])
