"""Merges layers of nodes: defaults, then groups, then the host. Pure.

Mappings merge. The lists in `named` merge by name; all other lists, and scalars, replace. A null removes. `Node.over`
keeps what a value replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce

from runnerops.frozen import frozen
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import Key, SourceLocation

NameOf = Callable[[Node], str]
"""Returns the name by which a list entry merges, with `{host}` replaced."""


@frozen
class Merger:
    """Merges for one host. `named` has, by the place of a list that merges by name, how to get the name of an entry."""

    named: Mapping[Key, NameOf]
    problems: Problems
    path: Key = ()

    def fold(self, layers: Iterable[Node]) -> Node:
        """Merges all layers; later ones win. What was removed remains as a null."""
        nothing = Node(SourceLocation("", 0, 0), {})
        return reduce(lambda base, top: self._merge(base, top, ()), layers, nothing)

    def _merge(self, base: Node, top: Node, key: Key) -> Node:
        if isinstance(base.value, dict) and isinstance(top.value, dict):
            return self._mapping(base, base.value, top, top.value, key)
        if key in self.named and isinstance(top.value, tuple):
            return self._named(base, top, top.value, key)
        return replace(self._alone(top, key), over=base)

    def _mapping(self, base: Node, old: dict[str, Node], top: Node, new: dict[str, Node], key: Key) -> Node:
        merged = dict(old)
        for name, node in new.items():
            below = (*key, name)
            merged[name] = self._merge(old[name], node, below) if name in old else self._alone(node, below)
        return replace(top, value=merged, over=base.over)

    def _alone(self, node: Node, key: Key) -> Node:
        """Checks that a list that merges by name has each name once, even if there is nothing to merge it with."""
        if key in self.named and isinstance(node.value, tuple):
            self._by_name(node.value, key)
        elif isinstance(node.value, dict) and any(place[: len(key)] == key for place in self.named):
            for name, item in node.value.items():
                self._alone(item, (*key, name))
        return node

    def _named(self, base: Node, top: Node, items: tuple[Node, ...], key: Key) -> Node:
        merged = self._by_name(base.value, key) if isinstance(base.value, tuple) else {}
        for name, item in self._by_name(items, key).items():
            merged[name] = self._merge(merged[name], item, (*key, name)) if name in merged else item
        return replace(top, value=tuple(merged.values()), over=base if base.value is None else None)

    def _by_name(self, items: tuple[Node, ...], key: Key) -> dict[str, Node]:
        by_name: dict[str, Node] = {}
        for index, item in enumerate(items):
            name = self.named[key](item)
            if name in by_name:
                self.problems.add(
                    item.location,
                    dotted((*self.path, *key, index)),
                    f"has the name {name!r} as the one at {by_name[name].location}",
                    "give it a name of its own: `name: …`",
                )
            by_name[name] = item
        return by_name
