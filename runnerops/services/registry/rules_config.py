"""A registry's configuration at every depth: types, unknown keys, storage, authentication, the proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.config_schema import (
    AUTH,
    CONFIG,
    FILESYSTEM,
    REMOVED_STORAGE,
    STORAGE,
    STORAGE_ASIDE,
    Shape,
)

Severity: TypeAlias = Literal["error", "warning", "info"]

Found: TypeAlias = "Iterator[tuple[str, Severity, Key, str, str]]"
"""Rule, severity, key, message, fix."""

_DURATION = re.compile(
    r"[+-]?(?:0|(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h)(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))*)"
)
_ENDS = "the registry ends at its start"


def config_rules(tree: Tree, major: int | None) -> Found:
    """All rules on one configuration. `major`: of the image that reads it, None where that is not known."""
    yield from _keys(dict(CONFIG), tree, ())
    for rule in (_version, _storage, _cache, _delete, _auth, _http, _proxy):
        yield from rule(tree)
    yield from _of_major(tree, major)


def _tree(tree: Tree, *path: str) -> Tree:
    found: Value = tree
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _keys(shape: dict[str, Shape], tree: Tree, key: Key) -> Found:
    for name, value in tree.items():
        here = (*key, name)
        inner = shape.get(name, shape.get("*"))
        if inner is not None:
            yield from _typed(inner, value, here)
        elif not name.startswith("x-"):
            yield _unknown(name, shape, here)


def _typed(shape: Shape, value: Value, key: Key) -> Found:
    if value is None or shape == "any":
        return
    if isinstance(shape, dict):
        if isinstance(value, dict):
            yield from _keys(shape, value, key)
        else:
            yield "C003", "error", key, "must be a mapping", _ENDS
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield "C003", "error", key, "must be a list", _ENDS
            return
        for index, item in enumerate(value):
            yield from _typed(shape[0], item, (*key, index))
    elif isinstance(value, dict | list):
        yield "C003", "error", key, f"must be a {'text' if shape == 'text' else shape}", _ENDS
    elif shape == "duration" and isinstance(value, int) and value > 0:
        severity: Severity = "error" if key == ("proxy", "ttl") else "warning"
        yield (
            "C003",
            severity,
            key,
            "must be a duration with its unit, such as 168h",
            "a bare number would be nanoseconds",
        )
    elif shape == "duration" and not isinstance(value, int) and not _DURATION.fullmatch(str(value)):
        yield "C003", "error", key, "must be a duration with its unit, such as 168h", _ENDS
    elif shape == "int" and not (isinstance(value, int) and not isinstance(value, bool)):
        yield "C003", "error", key, "must be a whole number", _ENDS


def _unknown(name: str, shape: Mapping[str, Shape], key: Key) -> tuple[str, Severity, Key, str, str]:
    if near := get_close_matches(name.replace("_", "").lower(), shape, 1, 0.75):
        return "C001", "error", key, f"unknown key, did you mean '{near[0]}'?", f"write {near[0]}"
    if others := [".".join(place) for place in _places(dict(CONFIG), ()) if place[-1] == name]:
        return "C001", "error", key, f"the registry ignores it here: it belongs to {others[0]}", "move it there"
    return "C001", "warning", key, "unknown key, which does nothing", "take it out"


def _places(shape: dict[str, Shape], key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, inner in shape.items():
        yield (*key, name)
        if isinstance(inner, dict):
            yield from _places(inner, (*key, name))
    if not key:
        yield from (("storage", name) for name in STORAGE_ASIDE)


def _version(tree: Tree) -> Found:
    if str(tree.get("version") or "") != "0.1":
        yield "C008", "error", ("version",), "must be 0.1, the only version there is", _ENDS


def _storage(tree: Tree) -> Found:
    storage = tree.get("storage")
    named = [storage] if isinstance(storage, str) else _tree(tree, "storage")
    drivers = [name for name in named if name not in STORAGE_ASIDE]
    if len(drivers) != 1:
        text = f"must name exactly one storage driver, not {' and '.join(drivers) or 'none'}"
        yield "C009", "error", ("storage",), text, _ENDS
        return
    name = drivers[0]
    if name not in STORAGE:
        near = get_close_matches(name, [*STORAGE, *STORAGE_ASIDE], 1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        yield "C009", "error", ("storage", name), f"there is no storage driver {name!r}{hint}", _ENDS
        return
    given = _tree(tree, "storage", name)
    for wanted in () if name in REMOVED_STORAGE else STORAGE[name]:
        if given.get(wanted) in (None, "") and not (name == "azure" and "credentials" in given):
            yield "C009", "error", ("storage", name), f"has no {wanted}", _ENDS
    for other in given if name == "filesystem" else ():
        if other not in FILESYSTEM:
            yield _unknown_of(other, FILESYSTEM, ("storage", name, other))


def _unknown_of(name: str, known: frozenset[str], key: Key) -> tuple[str, Severity, Key, str, str]:
    near = get_close_matches(name, sorted(known), 1, 0.75)
    if near:
        return "C001", "error", key, f"unknown key, did you mean '{near[0]}'?", f"write {near[0]}"
    return "C001", "warning", key, "unknown key, which does nothing", "take it out"


def _cache(tree: Tree) -> Found:
    kind = _tree(tree, "storage", "cache").get("blobdescriptor", _tree(tree, "storage", "cache").get("layerinfo"))
    if isinstance(kind, str) and kind == "redis" and not tree.get("redis"):
        yield "C010", "error", ("storage", "cache"), "needs a `redis` section", _ENDS
    elif isinstance(kind, str) and kind not in {"inmemory", "redis"}:
        yield (
            "C010",
            "warning",
            ("storage", "cache"),
            "is neither inmemory nor redis, so nothing is cached",
            "write one",
        )


def _delete(tree: Tree) -> Found:
    delete = _tree(tree, "storage", "delete")
    for name in delete:
        if name != "enabled":
            yield _unknown_of(name, frozenset({"enabled"}), ("storage", "delete", name))
    if _tree(tree, "proxy").get("remoteurl") and str(delete.get("enabled")).lower() not in {"true", "yes", "on", "1"}:
        text = "without `storage: {delete: {enabled: true}}` a cache never frees what has expired"
        yield "C011", "warning", ("storage",), text, "add it"


def _auth(tree: Tree) -> Found:
    for name, options in _tree(tree, "auth").items():
        if name == "none":
            continue
        if name not in AUTH:
            near = get_close_matches(name, AUTH, 1)
            hint = f", did you mean '{near[0]}'?" if near else ""
            yield "C012", "error", ("auth", name), f"there is no access controller {name!r}{hint}", _ENDS
            continue
        given = options if isinstance(options, dict) else {}
        for wanted in AUTH[name]:
            if not given.get(wanted):
                yield "C012", "error", ("auth", name), f"has no {wanted}", _ENDS
        if _tree(tree, "proxy").get("remoteurl"):
            text = "dockerd sends no login to a mirror, so pulls would go past this cache"
            yield "C012", "warning", ("auth", name), text, "protect it by its network"


def _http(tree: Tree) -> Found:
    address = _tree(tree, "http").get("addr")
    unix = _tree(tree, "http").get("net") == "unix"
    if address is not None and not unix and ":" not in str(address):
        yield "C013", "error", ("http", "addr"), "must be ADDRESS:PORT, or :PORT", _ENDS


def _proxy(tree: Tree) -> Found:
    proxy = _tree(tree, "proxy")
    url, key = proxy.get("remoteurl"), ("proxy", "remoteurl")
    if isinstance(url, str) and url:
        yield from _remote(url, key, str(_tree(tree, "http").get("addr") or ""))
    if proxy.get("username") and not proxy.get("password"):
        yield (
            "C015",
            "warning",
            ("proxy", "username"),
            "has no password beside it",
            "the upstream will refuse the login",
        )
    if str(_tree(tree, "storage", "maintenance", "readonly").get("enabled")).lower() == "true" and url:
        text = "a cache that is read-only keeps nothing"
        yield "C015", "warning", ("storage", "maintenance", "readonly"), text, "take it out"


def _remote(url: str, key: Key, address: str) -> Found:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        yield "C014", "error", key, "must be an http or https URL", _ENDS
    elif host in {"docker.io", "hub.docker.com", "index.docker.io", "www.docker.com"}:
        yield "C014", "error", key, "is no registry's address", "write https://registry-1.docker.io"
    elif parts.path.strip("/"):
        yield (
            "C014",
            "error",
            key,
            "must have no path: the registry adds /v2/ itself",
            f"write {parts.scheme}://{parts.netloc}",
        )
    elif "@" in parts.netloc:
        yield "C014", "warning", key, "a login in the URL is not used", "write username and password beside it"
    elif host in {"localhost", "127.0.0.1", "::1"} and address.rpartition(":")[2] == str(port or ""):
        yield "C014", "error", key, "is this registry itself", "write the upstream's address"


def _of_major(tree: Tree, major: int | None) -> Found:
    storage = [name for name in _tree(tree, "storage") if name in REMOVED_STORAGE]
    if storage and major != 2:
        severity: Severity = "error" if major else "warning"
        yield "C009", severity, ("storage", storage[0]), f"registry 3 has no storage driver {storage[0]!r}", _ENDS
    redis = _tree(tree, "redis")
    if "addr" in redis and major != 2:
        severity = "error" if major else "warning"
        yield (
            "C016",
            severity,
            ("redis", "addr"),
            "registry 3 reads `addrs`, a list, and not `addr`",
            "write addrs: [HOST:PORT]",
        )
    if "addrs" in redis and major not in {3, None}:
        yield "C016", "error", ("redis", "addrs"), "registry 2 reads `addr`, and not `addrs`", "write addr: HOST:PORT"
