"""A registry's configuration at every depth: types, unknown keys, storage, authentication, the proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.app import app_rules
from runnerops.services.registry.rules.drivers import driver_rules
from runnerops.services.registry.rules.found import ENDS, Found, One, Severity, tree_at
from runnerops.services.registry.rules.storage import aside_rules
from runnerops.services.registry.schema import (
    CONFIG,
    FILESYSTEM,
    LOOKED_AT,
    REMOVED_STORAGE,
    STORAGE,
    STORAGE_ASIDE,
    Shape,
)
from runnerops.services.shared.durations import is_duration


def config_rules(tree: Tree, major: int | None) -> Found:
    """All rules on one configuration. `major`: of the image that reads it, None where that is not known."""
    for found in (*_keys(CONFIG, tree, ()), *aside_rules(tree)):
        yield from _of_release(found, major)
    for rule in (_version, _proxy):
        yield from rule(tree)
    yield from app_rules(tree, major)
    yield from _storage(tree, major)
    yield from _of_major(tree, major)


def _of_release(found: One, major: int | None) -> Found:
    """A wrong type of what one major version alone looks at is no error of the other."""
    rule, severity, key, text, fix = found
    reader = next((known for begin, known in LOOKED_AT.items() if key[: len(begin)] == begin), None)
    if rule in {"C003", "C017"} and reader is not None and major != reader:
        if major is not None:
            return
        if fix == ENDS:
            severity, text = "warning", f"{text}: registry {reader} ends at its start"
    yield rule, severity, key, text, fix


def _keys(shape: dict[str, Shape], tree: Tree, key: Key) -> Found:
    for name, value in tree.items():
        here = (*key, name)
        inner = shape.get(name, shape.get("*"))
        if inner is not None:
            yield from typed(inner, value, here)
        elif not name.startswith("x-"):
            yield _unknown(name, shape, here)


def typed(shape: Shape, value: Value, key: Key) -> Found:
    """What is wrong in a value of that shape, and below it."""
    if value is None or shape == "any" or (isinstance(value, str) and key in {("storage",), ("auth",)}):
        return
    if isinstance(shape, dict):
        if isinstance(value, dict):
            yield from _keys(shape, value, key)
        else:
            yield "C003", "error", key, "must be a mapping", ENDS
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield "C003", "error", key, "must be a list", ENDS
            return
        for index, item in enumerate(value):
            yield from typed(shape[0], item, (*key, index))
    elif shape == "duration" and isinstance(value, int | float) and value is not True and 0 < value <= _MOST:
        severity: Severity = "error" if key == ("proxy", "ttl") else "warning"
        text = "must be a duration with its unit, such as 168h"
        yield "C003", severity, key, text, "a bare number would be nanoseconds"
    elif not _fits(shape, value):
        words = f"one of {', '.join(shape.split('|'))}"
        yield "C003", "error", key, f"must be {_WHAT.get(shape, words)}", ENDS


_MOST = 2**63 - 1

_WHAT = {
    "text": "a text",
    "int": "a whole number",
    "bool": "true or false, without quotes",
    "duration": "a duration with its unit, such as 168h",
}


def _fits(shape: str, value: Value) -> bool:
    """As yaml.v2 decodes: any scalar for a text, and no text for a number or a boolean."""
    if isinstance(value, dict | list):
        return False
    if shape == "bool":
        return isinstance(value, bool) or value in {"y", "Y", "n", "N"}
    if shape == "int":
        return isinstance(value, int | float) and not isinstance(value, bool) and value <= _MOST
    if shape == "duration":
        if isinstance(value, str):
            return is_duration(value)
        return isinstance(value, int | float) and not isinstance(value, bool) and value <= _MOST
    return "|" not in shape or str(value).lower() in shape.split("|")


def _unknown(name: str, shape: Mapping[str, Shape], key: Key) -> One:
    if near := near_key(name, shape):
        return "C001", "error", key, f"unknown key, did you mean '{near}'?", f"write {near}"
    others = [".".join(place) for place in places_of(CONFIG) if place[-1] == name]
    if len(others) == 1:  # a name that many tables have says nothing
        return "C001", "error", key, f"the registry ignores it here: it belongs to {others[0]}", "move it there"
    return "C001", "warning", key, "unknown key, which does nothing", "take it out"


def near_key(name: str, known: Iterable[str]) -> str:
    """The known key that a name is a slip of: nearly the same letters, its beginning, or the same but for `_` and `-`."""
    plain, names = re.sub(r"[_-]", "", name).lower(), [one for one in known if one != "*"]
    if found := get_close_matches(plain, names, 1, 0.75):
        return found[0]
    return next(
        (
            one
            for one in names
            if len(plain) >= 4 and (one.startswith(plain) or (plain.startswith(one) and len(one) >= 4))
        ),
        "",
    )


def places_of(shape: Mapping[str, Shape], key: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key that has a name."""
    for name, inner in shape.items():
        if name != "*":
            yield (*key, name)
            if isinstance(inner, dict):
                yield from places_of(inner, (*key, name))


def _version(tree: Tree) -> Found:
    if str(tree.get("version") or "") != "0.1":
        yield "C008", "error", ("version",), "must be 0.1, the only version there is", ENDS


def _storage(tree: Tree, major: int | None) -> Found:
    storage = tree.get("storage")
    named = [storage] if isinstance(storage, str) else tree_at(tree, "storage")
    drivers = [name for name in named if name not in STORAGE_ASIDE]
    if len(drivers) != 1:
        text = f"must name exactly one storage driver, not {' and '.join(drivers) or 'none'}"
        yield "C009", "error", ("storage",), text, ENDS
        return
    name = drivers[0]
    if name not in STORAGE:
        near = get_close_matches(name, [*STORAGE, *STORAGE_ASIDE], 1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        yield "C009", "error", ("storage", name), f"there is no storage driver {name!r}{hint}", ENDS
        return
    given = tree_at(tree, "storage", name)
    if name not in REMOVED_STORAGE:
        yield from _parameters(name, given, major)
        yield from driver_rules(name, given, major)
    if name == "filesystem":
        yield from _keys(FILESYSTEM, given, ("storage", name))


def _parameters(name: str, given: Tree, major: int | None) -> Found:
    for wanted in STORAGE[name]:
        if wanted == "region" and given.get("regionendpoint"):  # registry 2 wants it even so
            severity: Severity = {2: "error", None: "warning"}.get(major, "info")  # type: ignore[assignment]
            if given.get(wanted) in (None, "") and severity != "info":
                yield "C009", severity, ("storage", name), "has no region, which registry 2 wants", ENDS
        elif given.get(wanted) in (None, ""):
            yield "C009", "error", ("storage", name), f"has no {wanted}", ENDS


def _proxy(tree: Tree) -> Found:
    proxy = tree_at(tree, "proxy")
    url, key = proxy.get("remoteurl"), ("proxy", "remoteurl")
    if isinstance(url, int | float):
        yield "C014", "error", key, "must be an http or https URL", ENDS
    elif isinstance(url, str) and url:
        yield from _remote(url, key, str(tree_at(tree, "http").get("addr") or ""))
    if proxy.get("username") and not proxy.get("password"):
        yield (
            "C015",
            "warning",
            ("proxy", "username"),
            "has no password beside it",
            "the upstream will refuse the login",
        )
    if str(tree_at(tree, "storage", "maintenance", "readonly").get("enabled")).lower() == "true" and url:
        text = "a cache that is read-only keeps nothing"
        yield "C015", "warning", ("storage", "maintenance", "readonly"), text, "take it out"


def _remote(url: str, key: Key, address: str) -> Found:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s{}<>^`|\\\"]", host):
        yield "C014", "error", key, "must be an http or https URL", ENDS
    elif host in {"docker.io", "hub.docker.com", "index.docker.io", "www.docker.com"}:
        yield "C014", "error", key, "is no registry's address", "write https://registry-1.docker.io"
    elif parts.path not in ("", "/"):
        yield from _path(parts.path, key, f"{parts.scheme}://{parts.netloc}")
    elif "@" in parts.netloc:
        yield "C014", "warning", key, "a login in the URL is not used", "write username and password beside it"
    elif host in {"localhost", "127.0.0.1", "::1"} and address.rpartition(":")[2] == str(port or ""):
        yield "C014", "error", key, "is this registry itself", "write the upstream's address"


def _path(path: str, key: Key, root: str) -> Found:
    """The registry appends v2/ to the URL as a relative one: what follows the last slash is dropped."""
    if path.rstrip("/").endswith("/v2"):
        severity: Severity = "error" if path.endswith("/") else "warning"
        yield "C014", severity, key, "must have no /v2: the registry adds it itself", f"write {root}"
    elif not path.endswith("/"):
        text = "must end with a slash: the registry drops what follows the last one"
        yield "C014", "error", key, text, f"write {root}{path}/"


def _of_major(tree: Tree, major: int | None) -> Found:
    if "tag" in tree_at(tree, "storage") and major != 3:
        text = "registry 2 takes it for a second storage driver"
        yield "C009", "error" if major else "warning", ("storage", "tag"), text, f"{ENDS}; take it out"
    storage = [name for name in tree_at(tree, "storage") if name in REMOVED_STORAGE]
    if storage and major != 2:
        severity: Severity = "error" if major else "warning"
        yield "C009", severity, ("storage", storage[0]), f"registry 3 has no storage driver {storage[0]!r}", ENDS
    redis = tree_at(tree, "redis")
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
