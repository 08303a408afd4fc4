"""Checks a registry's configuration at every depth: types, unknown keys, storage, authentication, proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix, question
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.config.app import app_rules
from runnerops.services.registry.rules.config.auth import auth_rules
from runnerops.services.registry.rules.config.drivers import is_in_the_place_of_a_driver, storage_rules
from runnerops.services.registry.rules.config.health import health_rules
from runnerops.services.registry.rules.config.middleware import middleware_rules
from runnerops.services.registry.rules.config.redis import redis_rules
from runnerops.services.registry.rules.config.storage import aside_rules
from runnerops.services.registry.rules.config.tls import tls_rules
from runnerops.services.registry.rules.found import ENDS, Found, One, Severity, of_any, read_power, tree_at
from runnerops.services.registry.rules.near import near_keys, places_of
from runnerops.services.registry.schema import CONFIG, LOOKED_AT, Shape
from runnerops.services.shared.durations import in_hours, is_duration


def config_rules(tree: Tree, major: int | None) -> Found:
    """Runs all rules on one configuration. `major`: that of the image; None if it is not known."""
    if major is None or major < _OLDEST:
        yield from of_any([*_rules(tree, 2)], [*_rules(tree, 3)])
    else:
        yield from _rules(tree, min(major, _NEWEST))


_OLDEST, _NEWEST = 2, 3
"""The major versions whose source the rules know."""


def _rules(tree: Tree, major: int) -> Found:
    for found in (*_keys(CONFIG, tree, (), major), *aside_rules(tree, major)):
        if is_in_the_place_of_a_driver(found[2], tree):
            continue
        if found[0] not in {"C003", "C017"} or _reader(found[2]) in (None, major):
            yield found
    yield from _of_the_other(tree, major)
    for rule in (_version, _proxy, health_rules):
        yield from rule(tree)
    for of_major in (storage_rules, redis_rules, app_rules, tls_rules, auth_rules, middleware_rules):
        yield from of_major(tree, major)


def _reader(key: Key) -> int | None:
    """Returns the only major version that reads a key; None if both or neither do."""
    return next((reader for begin, reader in LOOKED_AT.items() if key[: len(begin)] == begin), None)


def _of_the_other(tree: Tree, major: int) -> Found:
    """Finds keys that only the other major version reads."""
    for key, reader in LOOKED_AT.items():
        if major == reader or key in _TOLD:
            continue
        *above, last = (str(part) for part in key)
        if last in tree_at(tree, *above):
            yield "C001", "warning", key, f"registry {major} ignores it: registry {reader} reads it", "remove it"


_TOLD: frozenset[Key] = frozenset({("proxy", "ttl"), ("redis", "addr"), ("redis", "addrs")})
"""Keys that other rules report."""


def _keys(shape: dict[str, Shape], tree: Tree, key: Key, major: int) -> Found:
    for name, value in tree.items():
        here = (*key, name)
        inner = shape.get(name, shape.get("*"))
        if inner is not None:
            yield from typed(inner, value, here, major)
        elif not name.startswith("x-"):
            yield _unknown(name, shape, here)


def typed(shape: Shape, value: Value, key: Key, major: int) -> Found:
    """Finds what is wrong in a value of this shape, and below it."""
    if value is None or shape == "any" or (isinstance(value, str) and key in {("storage",), ("auth",)}):
        return
    if isinstance(shape, dict):
        if isinstance(value, dict):
            yield from _keys(shape, value, key, major)
        else:
            yield "C003", "error", key, f"must be a mapping: {ENDS}", _keys_below(shape, value)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield "C003", "error", key, f"must be a list: {ENDS}", _as_list(value)
            return
        for index, item in enumerate(value):
            yield from typed(shape[0], item, (*key, index), major)
    elif shape == "duration" and isinstance(value, int | float) and value is not True and 0 < value <= _MOST:
        severity: Severity = "error" if key == ("proxy", "ttl") and value < _SECOND else "warning"
        text = "is without a unit: the registry reads nanoseconds"
        fix = f"add its unit, for example {value}{_unit(key, value)}"
        if value >= _SECOND // 1000:
            text, fix = f"{text}, here {value / _SECOND:g} seconds", f"write {value / _SECOND:g}s if this is meant"
        yield "C003", severity, key, text, fix
    elif not _fits(shape, read_power(value, major)):
        words = shape.split("|")
        what = _WHAT.get(shape, f"one of {', '.join(words)}")
        fix = near_fix(str(value), words) if len(words) > 1 else in_hours(value) if shape == "duration" else ""
        if key == ("proxy", "remoteurl"):
            fix = "write one address, and run a cache of its own for each other upstream"
        yield "C003", "error", key, f"must be {what}: {ENDS}", fix


def _keys_below(shape: dict[str, Shape], value: Value) -> str:
    """What to write instead of a scalar where a mapping belongs. A key may be in it whose colon lacks its space."""
    if isinstance(value, str) and (found := _NO_SPACE.match(value)):
        return f"put a space after the colon: {found[1]}: …"
    names = [name for name in shape if name != "*"][:_SOME]
    return f"write keys below it, such as {' or '.join(names)}" if names else ""


def _as_list(value: Value) -> str:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return f"write [{value}]"
    return "write its items in brackets: [A, B]"


def _unit(key: Key, value: float) -> str:
    if key == ("proxy", "ttl"):
        return "h"
    return "s" if value < _MILLISECONDS else "ms"


_MILLISECONDS = 100
"""A number without a unit from here on is more often one of milliseconds than of seconds."""
_NO_SPACE = late_pattern(r"([a-z]{3,}):\S")
_WORD = late_pattern(r"[A-Za-z][\w-]*")
_MOST = 2**63 - 1
_SECOND = 10**9
_SOME = 2
"""The number of keys that a hint gives as examples."""

_WHAT = {
    "text": "a text",
    "int": "a whole number",
    "bool": "true or false, without quotes",
    "duration": "a duration with its unit, such as 168h",
}


def _fits(shape: str, value: Value) -> bool:
    """Whether Go's YAML decodes it: any scalar is a text, and no text is a number or a boolean."""
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
    if meant := near_keys(name, shape):
        return "C001", "error", key, f"unknown key, {question(meant)}", f"write {' or '.join(meant)}"
    others = [".".join(place) for place in places_of(CONFIG) if place[-1] == name]
    if len(others) == 1:  # a name that many tables have says nothing
        return "C001", "error", key, f"the registry ignores it here: it belongs to {others[0]}", "move it there"
    return "C001", "warning", key, "unknown key, which the registry ignores", "remove it"


def _version(tree: Tree) -> Found:
    if str(tree.get("version") or "") != "0.1":
        yield "C008", "error", ("version",), f"must be 0.1, the only version: {ENDS}", "write version: 0.1"


_UPSTREAM = "write for example https://registry-1.docker.io"


def _proxy(tree: Tree) -> Found:
    proxy = tree_at(tree, "proxy")
    url, key = proxy.get("remoteurl"), ("proxy", "remoteurl")
    if isinstance(url, int | float):
        yield "C014", "error", key, f"must be an http or https URL: {ENDS}", _UPSTREAM
    elif isinstance(url, str) and url:
        yield from _remote(url, key, str(tree_at(tree, "http").get("addr") or ""))
    if proxy.get("username") and not proxy.get("password"):
        yield (
            "C015",
            "warning",
            ("proxy", "username"),
            "has no password: the upstream would refuse the login",
            "add it, or take username out",
        )
    if str(tree_at(tree, "storage", "maintenance", "readonly").get("enabled")).lower() == "true" and url:
        text = "a read-only cache keeps nothing"
        yield "C015", "warning", ("storage", "maintenance", "readonly"), text, "remove it"


def _remote(url: str, key: Key, address: str) -> Found:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s{}<>^`|\\\"]", host):
        yield "C014", "error", key, f"must be an http or https URL: {ENDS}", _UPSTREAM
    elif host in {"docker.io", "hub.docker.com", "index.docker.io", "www.docker.com", "auth.docker.io"}:
        yield "C014", "error", key, "is not the address of a registry", "write https://registry-1.docker.io"
    elif host == "registry-1.docker.io" and parts.path.strip("/") not in {"", "v2"}:
        text = "must have no path: the images of Docker Hub are at its root"
        yield "C014", "error", key, text, f"write {parts.scheme}://{host}"
    elif parts.path not in ("", "/"):
        yield from _path(parts.path, key, f"{parts.scheme}://{parts.netloc}")
    elif "@" in parts.netloc:
        yield "C014", "warning", key, "a login in the URL is not used", "write `username` and `password` instead"
    elif host in {"localhost", "127.0.0.1", "::1"} and address.rpartition(":")[2] == str(port or ""):
        yield "C014", "error", key, "is this registry itself", "write the upstream's address"


def _path(path: str, key: Key, root: str) -> Found:
    """The registry resolves `v2/` relative to the URL, so what follows the last slash is dropped."""
    if path.rstrip("/").endswith("/v2"):
        severity: Severity = "error" if path.endswith("/") else "warning"
        yield "C014", severity, key, "must have no /v2: the registry adds it itself", f"write {root}"
    elif not path.endswith("/"):
        text = "must end with a slash: the registry drops what follows the last slash"
        yield "C014", "error", key, text, f"write {root}{path}/"
