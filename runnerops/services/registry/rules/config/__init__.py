"""Checks a registry's configuration at every depth: types, unknown keys, storage, authentication, proxy. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix, question
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.config.app import app_rules
from runnerops.services.registry.rules.config.auth import auth_rules
from runnerops.services.registry.rules.config.drivers import is_in_the_place_of_a_driver, storage_rules
from runnerops.services.registry.rules.config.health import health_rules
from runnerops.services.registry.rules.config.middleware import middleware_rules
from runnerops.services.registry.rules.config.notifications import notification_rules
from runnerops.services.registry.rules.config.proxy import proxy_rules
from runnerops.services.registry.rules.config.redis import redis_rules
from runnerops.services.registry.rules.config.storage import aside_rules
from runnerops.services.registry.rules.config.tls import tls_rules
from runnerops.services.registry.rules.found import ENDS, Found, One, Severity, as_read, of_any, tree_at
from runnerops.services.registry.rules.near import as_meant, near_keys, places_of
from runnerops.services.registry.schema import CONFIG, LOOKED_AT, Shape
from runnerops.services.shared.durations import in_hours, is_duration


def config_rules(tree: Tree, major: int | None) -> Found:
    """Runs all rules on one configuration. `major`: that of the image; None if it is not known."""
    if not tree:
        yield (
            "C008",
            "error",
            ("version",),
            f"is missing, and so is all else: {ENDS}",
            "write version: 0.1, and a storage",
        )
    elif major is None or major < _OLDEST:
        yield from of_any([*_rules(tree, 2)], [*_rules(tree, 3)])
    else:
        findings = [*_rules(tree, min(major, _NEWEST))]
        unread = {key for rule, _, key, text, _ in findings if rule == "C001" and text.startswith(_ignores(major))}
        yield from (
            finding for finding in findings if not any(finding[2][:end] in unread for end in range(1, len(finding[2])))
        )


_OLDEST, _NEWEST = 2, 3
"""The major versions whose source the rules know."""


def _rules(tree: Tree, major: int) -> Found:
    tree = as_read(tree, major)
    meant_tree, names = as_meant(CONFIG, tree)
    for finding in (*_keys(CONFIG, tree, (), major), *_as_written(aside_rules(meant_tree), names)):
        if is_in_the_place_of_a_driver(finding[2], tree):
            continue
        if finding[0] not in {"C003", "C017"} or _reader(finding[2]) in (None, major):
            yield finding
    yield from _of_the_other(tree, major)
    for rule in (_version, health_rules, notification_rules):
        yield from _as_written(rule(meant_tree), names)
    for of_major in (proxy_rules, storage_rules, redis_rules, app_rules, tls_rules, auth_rules, middleware_rules):
        yield from _as_written(of_major(meant_tree, major), names)


def _as_written(findings: Found, names: Mapping[Key, str]) -> Found:
    """Findings on a file as it is meant, each at its place in the file as it is written."""
    for rule, severity, key, text, fix in findings:
        written = (names.get(key[: end + 1], part) for end, part in enumerate(key))
        yield rule, severity, (*written,), text, fix


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
            yield "C001", "warning", key, f"{_ignores(major)}: registry {reader} reads it", "remove it"


def _ignores(major: int) -> str:
    return f"registry {major} ignores it"


_TOLD: frozenset[Key] = frozenset({("proxy", "ttl"), ("redis", "addr"), ("redis", "addrs")})
"""Keys that other rules report."""


def _keys(shape: dict[str, Shape], tree: Tree, key: Key, major: int) -> Found:
    for name, value in tree.items():
        full_key = (*key, name)
        inner = shape.get(name, shape.get("*"))
        if inner is not None:
            yield from typed(inner, value, full_key, major)
        elif not name.startswith("x-"):
            yield _unknown(name, shape, full_key, tree)


def typed(shape: Shape, value: Value, key: Key, major: int) -> Found:
    """Finds what is wrong in a value of this shape, and below it."""
    if value is None or shape == "any" or (isinstance(value, str) and key in {("storage",), ("auth",)}):
        return
    if isinstance(shape, dict):
        if isinstance(value, dict):
            yield from _keys(shape, value, key, major)
        else:
            yield "C003", "error", key, f"must be a mapping: {ENDS}", _keys_below(shape, value, key)
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
    elif not _fits(shape, value):
        words = shape.split("|")
        wanted_type = _WHAT.get(shape, f"one of {', '.join(words)}")
        fix = near_fix(str(value), words) if len(words) > 1 else in_hours(value) if shape == "duration" else ""
        if shape == "text" and isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list):
            fix = "write it without brackets and hyphen"
        elif key == ("proxy", "remoteurl"):
            fix = "write one address, and run a cache of its own for each other upstream"
        yield "C003", "error", key, f"must be {wanted_type}: {ENDS}", fix


def _keys_below(shape: dict[str, Shape], value: Value, key: Key) -> str:
    """What to write instead of a scalar where a mapping belongs. A key may be in it whose colon lacks its space."""
    if isinstance(value, str) and (match := _NO_SPACE.match(value)):
        return f"put a space after the colon: {match[1]}: …"
    if isinstance(value, str) and (first := value.partition(" ")[0]) in shape and first != value:
        return f"put a colon after the name: {first}: …"
    if key == ("storage", "filesystem") and isinstance(value, str):
        return f"write {{rootdirectory: {value}}}"
    names = [name for name in shape if name != "*"][:_SOME]
    return f"write keys below it, such as {' or '.join(names)}" if names else ""


def _as_list(value: Value) -> str:
    if isinstance(value, dict):
        return "put a hyphen before its first key, and indent its others as that"
    if isinstance(value, str) and not _WORD.fullmatch(value):
        return "write it in brackets and quotes, as the only item of a list"
    return f"write [{value}]"


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


def _unknown(name: str, shape: Mapping[str, Shape], key: Key, beside: Tree) -> One:
    if (opposite := _OPPOSITES.get(name)) and opposite in shape:
        text = f"the registry ignores it here: it reads {opposite}"
        return "C001", "error", key, text, f"write {opposite}, with the opposite value"
    if meant_names := near_keys(name, shape):
        return "C001", "error", key, f"unknown key, {question(meant_names)}", f"write {' or '.join(meant_names)}"
    for table, value in beside.items():
        inner = shape.get(table)
        if value is None and isinstance(inner, dict) and name in inner:
            return "C001", "error", key, f"the registry ignores it here: it belongs to {table}", "indent it below that"
    homes = [".".join(place) for place in places_of(CONFIG) if place[-1] == name]
    if len(homes) == 1 or (name in _USUAL and not key[:-1]):  # a name that many tables have says nothing
        where = _USUAL.get(name, homes[0])
        return "C001", "error", key, f"the registry ignores it here: it belongs to {where}", "move it there"
    return "C001", "warning", key, "unknown key, which the registry ignores", "remove it"


_OPPOSITES = {"enabled": "disabled", "disabled": "enabled"}
_USUAL = {"addr": "http.addr", "tls": "http.tls"}
"""Where a name belongs that several tables have, if it stands at the top."""


def _version(tree: Tree) -> Found:
    if str(tree.get("version") or "") != "0.1":
        yield "C008", "error", ("version",), f"must be 0.1, the only version: {ENDS}", "write version: 0.1"
