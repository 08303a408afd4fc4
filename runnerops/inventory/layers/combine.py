"""Merges the files of an inventory: writes out ranges of hosts, and drops keys that only hold anchors. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.layers.ranges import expand, has_range, with_colons
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import Key

_FOR_ANCHORS = "x-"
"""The prefix of top-level keys that only hold anchors."""
_JOINED = ("defaults", "groups", "hosts")


@frozen
class Part:
    """A file that was read. `below` is the place of its content: `("hosts", "a")`; empty for a whole inventory."""

    root: Node
    below: tuple[str, ...] = ()

    @property
    def whole(self) -> Node:
        """The part as a whole inventory."""
        node = self.root
        for name in reversed(self.below):
            node = replace(node, value={name: node}, size=node.size + 1)
        return node


def combine(parts: Iterable[Part], problems: Problems) -> Node:
    """Merges all parts into one tree. If two files give the same value, that is a problem at the second; it names the
    first.
    """
    roots = [part.whole for part in parts]
    joined: dict[str, Node] = {}
    for root in roots:
        for name, node in root.value.items() if isinstance(root.value, dict) else ():
            if not name.startswith(_FOR_ANCHORS):
                joined[name] = _join(joined[name], node, (name,), problems) if name in joined else node
    if hosts := joined.get("hosts"):
        joined["hosts"] = _with_ranges(hosts, problems)
    return replace(roots[0], value=joined)


def _join(first: Node, second: Node, key: Key, problems: Problems) -> Node:
    if first.value is None or second.value is None:
        return second if first.value is None else first
    if key[0] not in _JOINED or not isinstance(first.value, dict) or not isinstance(second.value, dict):
        _twice(second, first, key, problems)
        return first
    for name in first.value.keys() & second.value.keys():
        _twice(second.value[name], first.value[name], (*key, name), problems)
    return replace(
        first, value=first.value | {name: node for name, node in second.value.items() if name not in first.value}
    )


def _twice(node: Node, first: Node, key: Key, problems: Problems) -> None:
    text, hint = f"written twice, first at {first.location}", "keep one of the two, or merge them"
    problems.add(node.location, dotted(key), text, hint)


def _with_ranges(hosts: Node, problems: Problems) -> Node:
    """Gives each host of a range a separate entry."""
    if not isinstance(hosts.value, dict) or not any(map(_ranged, hosts.value.items())):
        return hosts
    by_name: dict[str, Node] = {}
    for name, node in hosts.value.items():
        try:
            entries = list(_of_range(name, node))
        except Refused as error:
            problems.add(node.location, dotted(("hosts", name)), error.text, error.hint)
            continue
        for host, body in entries:
            if host in by_name:
                _twice(body, by_name[host], ("hosts", host), problems)
            by_name.setdefault(host, body)
    return replace(hosts, value=by_name)


def _ranged(entry: tuple[str, Node]) -> bool:
    name, node = entry
    return has_range(name) or _address_range(node) is not None


def _address_range(node: Node) -> Node | None:
    address = node.value.get("address") if isinstance(node.value, dict) else None
    return address if address and isinstance(address.value, str) and has_range(address.value) else None


def _of_range(name: str, node: Node) -> Iterator[tuple[str, Node]]:
    names, address = expand(name), _address_range(node)
    if address is None:
        yield from ((name, node) for name in names)
        return
    assert isinstance(address.value, str)
    assert isinstance(node.value, dict)
    addresses = expand(address.value)
    if len(addresses) != len(names):
        text = f"stands for {len(names)} host{'s' if len(names) != 1 else ''}, its address for {len(addresses)}"
        corrected = with_colons(name)
        raise Refused(
            text, f"write the range with a colon: {corrected}" if corrected else "give both a range of the same length"
        )
    for host, each in zip(names, addresses, strict=True):
        yield host, replace(node, value=node.value | {"address": replace(address, value=each)})
