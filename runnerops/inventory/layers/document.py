"""The files as layers: which groups a host is in, and which layers apply to it in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.frozen import frozen
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import Key
from runnerops.model.rollout import USUAL, Rollout
from runnerops.parsing.near import did_you_mean

_NOT_MERGED = frozenset({"groups", "address"})
"""Keys that belong to one group or host, and are never inherited."""


@frozen
class Document:
    """The checked inventory. `groups` and `hosts` are in the order of the files."""

    file: str
    defaults: Node | None
    groups: Mapping[str, Node]
    hosts: Mapping[str, Node]
    rollout: Rollout = USUAL

    def groups_of(self, host: str) -> tuple[str, ...]:
        """All groups of a host, each once. Groups that a group builds on come before it."""
        names: dict[str, None] = {}
        for name in _group_names(self.hosts[host]):
            self._collect(name.value, names)
        return tuple(names)

    def _collect(self, name: object, names: dict[str, None]) -> None:
        if isinstance(name, str) and name not in names:
            for inner_group in _group_names(self.groups[name]):
                self._collect(inner_group.value, names)
            names[name] = None

    def layers(self, host: str) -> tuple[tuple[str, Node], ...]:
        """The layers that apply to a host, the weakest first, each with its name (such as `groups.NAME`)."""
        by_source = [
            ("defaults", self.defaults),
            *((f"groups.{name}", self.groups[name]) for name in self.groups_of(host)),
            (f"hosts.{host}", self.hosts[host]),
        ]
        return tuple((source, inheritable(node)) for source, node in by_source if node and node.value is not None)


def document(root: Node, file: str, problems: Problems) -> Document:
    """The parts of the inventory. Checks that all named groups exist and no group contains itself. Raises
    InventoryError.
    """
    parts = _mapping(root)
    inventory = Document(file, parts.get("defaults"), _mapping(parts.get("groups")), _mapping(parts.get("hosts")))
    if not inventory.hosts:
        hint = "write one host's name below `hosts:`, or let `runnerops adopt USER@ADDRESS --write` add one"
        problems.add((parts.get("hosts") or root).location, "hosts", "there is no host", hint)
    for name in inventory.hosts.keys() & inventory.groups.keys():
        text = f"a group has this name too, at {inventory.groups[name].location}"
        problems.add(inventory.hosts[name].location, f"hosts.{name}", text, "rename one: both are targets")
    for key, node in _references(inventory):
        if node.value not in inventory.groups:
            text = f"no group {node.value!r}{did_you_mean(str(node.value), inventory.groups)}"
            problems.add(node.location, dotted(key), text, "groups stand below `groups:`; an empty one is `NAME: {}`")
    problems.stop()
    _refuse_cycles(inventory, problems)
    problems.stop()
    return inventory


def inheritable(node: Node) -> Node:
    """The part of a layer that merges into a host."""
    entries = {name: item for name, item in _mapping(node).items() if name not in _NOT_MERGED}
    return Node(node.location, entries, node.size)


def child(node: Node | None, *key: str | int) -> Node | None:
    """The node at `key`, or None."""
    for part in key:
        if node is None:
            return None
        inner = node.value
        if isinstance(inner, dict):
            node = inner.get(str(part))
        elif isinstance(inner, tuple) and isinstance(part, int):
            node = inner[part]
        else:
            return None
    return node


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; none if there is no list."""
    return node.value if node and isinstance(node.value, tuple) else ()


def _mapping(node: Node | None) -> dict[str, Node]:
    return node.value if node and isinstance(node.value, dict) else {}


def _group_names(node: Node) -> tuple[Node, ...]:
    return items(child(node, "groups"))


def _references(inventory: Document) -> Iterator[tuple[Key, Node]]:
    """Every place that names a group."""
    layers: list[tuple[Key, Node]] = [(("defaults",), inventory.defaults)] if inventory.defaults else []
    layers += [(("groups", name), node) for name, node in inventory.groups.items()]
    layers += [(("hosts", name), node) for name, node in inventory.hosts.items()]
    for key, layer in layers:
        for index, name in enumerate(_group_names(layer)):
            yield (*key, "groups", index), name
        for place, cache in enumerate(items(child(layer, "registry", "caches"))):
            for index, name in enumerate(items(child(cache, "for"))):
                yield (*key, "registry", "caches", place, "for", index), name


def _refuse_cycles(inventory: Document, problems: Problems) -> None:
    """Follows the groups of each group. A group that is met again is a cycle, which is noted as a problem."""
    finished: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            cycle = " → ".join((*above[above.index(name) :], name))
            location = inventory.groups[name].location
            problems.add(
                location, f"groups.{name}", f"the group is inside of itself: {cycle}", "take one `groups` entry out"
            )
        elif name not in finished:
            for inner_group in _group_names(inventory.groups[name]):
                walk(str(inner_group.value), (*above, name))
            finished.add(name)

    for name in inventory.groups:
        walk(name, ())
