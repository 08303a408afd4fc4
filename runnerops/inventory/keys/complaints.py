"""Reports what is wrong with our own keys, with their places. Pure."""

from __future__ import annotations

from typing import Any

from runnerops.inventory.keys.misplaced import meant_elsewhere, misplaced
from runnerops.inventory.keys.shape import HostShape, InventoryShape
from runnerops.inventory.keys.typed import Found, UnknownKey, Wrong, read
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems, dotted
from runnerops.inventory.values.expressions import holds_expression
from runnerops.inventory.values.host_name import with_host
from runnerops.inventory.values.scalars import Verbatim
from runnerops.model.common import Key, SourceLocation
from runnerops.parsing.near import did_you_mean, near_fix

_MAPPINGS = {
    ("hosts",): "write the name of each host as a key, `NAME:`, with its own keys below",
    ("groups",): "write the name of each group as a key, `NAME:`, with its own keys below",
    ("hosts", ""): "write `address: ADDRESS` and its other keys below the name of the host",
    ("groups", ""): "a group has keys, not hosts: a host names its groups, `hosts: {NAME: {groups: [GROUP]}}`",
}
"""What to write where a mapping is missing. The empty name is any name."""

_ELSEWHERE = {
    "address": 'only a host has an address, which may hold its name: `runner-[01:40]: {address: "{host}.example.com"}`',
    "ignore": "it is a key of a host, a group or the defaults: `defaults: {ignore: {RULE: reason}}`",
    "hosts": "a host names its groups: `hosts: {NAME: {groups: [GROUP]}}`",
}
"""Keys that other tools allow in defaults or groups, and what to write here instead."""


def check_shape(root: Node, problems: Problems) -> None:
    """Notes everything in the files, before they are merged, that breaks the rules for our keys. `{host}` may be any
    host.
    """
    tree = _written(root, "")
    if isinstance(tree, dict) and tree.get("hosts", {}) is None:
        tree = {
            **tree,
            "hosts": {},
        }  # no host yet, as in a new project; the reader of hosts reports this
    complaints: Found = []
    read(InventoryShape, tree, complaints)
    unknown = any(isinstance(problem, UnknownKey) and problem.shape is InventoryShape for problem in complaints)
    for problem in complaints:
        if not (unknown and problem.key == ("hosts",) and isinstance(problem, Wrong) and problem.text == "is missing"):
            _note(problem, root, problems, ())


def host_shape(tree: Any, node: Node, host: str, problems: Problems) -> HostShape:
    """Checks a merged host's own keys. Raises InventoryError if its name makes the value of a key with `{host}`
    invalid.
    """
    complaints: Found = []
    shape = read(HostShape, tree, complaints)
    for problem in complaints:
        _note(problem, node, problems, ("hosts", host))
    if complaints:
        problems.stop()
    return shape


def plain(node: Node) -> Any:
    """The values without their places."""
    if isinstance(node.value, dict):
        return {name: plain(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    return node.value


def _written(node: Node, key: str) -> Any:
    """The values with some host's name. Values with expressions become None, because they cannot be checked without a
    host.
    """
    if isinstance(node.value, dict):
        return {name: _written(item, name) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_written(item, "name") for item in node.value]
    if not isinstance(node.value, str) or isinstance(node.value, Verbatim):
        return node.value
    if holds_expression(node.value):
        return "host" if key == "name" else None
    return with_host(node.value, "host")


def _note(complaint: Wrong | UnknownKey, root: Node, problems: Problems, above: Key) -> None:
    """`above` is the place of `root` in the inventory."""
    key = (*above, *complaint.key)
    text, hint = _unknown(key, complaint) if isinstance(complaint, UnknownKey) else (complaint.text, complaint.hint)
    if text == "must be a mapping":
        hint = _MAPPINGS.get((*map(str, key[:1]), *("" for _ in key[1:])), hint)
        hint = 'write {RULE: "why"}, for example {R005: "one runner on purpose"}' if key[-1:] == ("ignore",) else hint
        hint = "write `upstream: URL`" if key[-2:-1] == ("caches",) else hint
    problems.add(_mark(root, complaint.key), dotted(key), text, hint)


def _unknown(key: Key, unknown_key: UnknownKey) -> tuple[str, str]:
    of_layer = len(key) == {"defaults": 2, "groups": 3}.get(str(key[0]), 1)
    if of_layer and (elsewhere := _ELSEWHERE.get(str(key[-1]))):
        return "unknown key", elsewhere
    known_keys = sorted(unknown_key.known_keys)
    if hint := meant_elsewhere(key, unknown_key.known_keys):
        return "unknown key", hint
    if near := did_you_mean(str(key[-1]), known_keys):
        return f"unknown key{near}", near_fix(str(key[-1]), known_keys)
    if message := misplaced(unknown_key, key):
        return message
    return "unknown key", f"the keys of {dotted(key[:-1]) or 'an inventory'}: {', '.join(known_keys)}"


def _mark(root: Node, key: Key) -> SourceLocation:
    """The place of `key`, or of the nearest value around it."""
    node = root
    for part in key:
        inner: Node | None = None
        if isinstance(node.value, dict):
            inner = node.value.get(str(part))
        elif isinstance(node.value, tuple) and isinstance(part, int):
            inner = node.value[part]
        if inner is None:
            break
        node = inner
    return node.location
