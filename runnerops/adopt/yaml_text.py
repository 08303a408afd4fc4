"""Writes a tree as a person would: YAML blocks, short lists and pairs on one line, comments above. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from runnerops.adopt.scalars import block, key, scalar
from runnerops.frozen import frozen
from runnerops.model.common import Key, Tree, Value

WIDTH = 100
"""The longest line for a list or a mapping on one line."""

_PAIRS = 3
"""The most pairs in a mapping on one line."""


@frozen
class Writer:
    """Writes trees. `step` is the indent of each level in spaces. `comments` are by the key below them."""

    step: int = 2
    comments: Mapping[Key, Sequence[str]] = field(default_factory=dict)
    blocks: frozenset[str] = frozenset()
    """Names of mappings that are never on one line, however short, because people add to them."""

    def lines(self, tree: Tree, indent: int = 0, at: Key = ()) -> Iterator[str]:
        """The lines of the mapping, without line ends. `at` is its place."""
        for name, value in tree.items():
            below = (*at, name)
            yield from self._comments(below, indent)
            yield from self._pair(name, value, indent, below)

    def items(self, values: Sequence[Value], indent: int = 0) -> Iterator[str]:
        """The lines of a list, item after item."""
        for index, item in enumerate(values):
            yield from self._item(item, indent, (index,))

    def _comments(self, at: Key, indent: int) -> Iterator[str]:
        for line in self.comments.get(at, ()):
            yield f"{' ' * indent}# {line}".rstrip()

    def _pair(self, name: str, value: Value, indent: int, at: Key) -> Iterator[str]:
        head = f"{' ' * indent}{key(name)}:"
        short = self._short(name, value, at)
        if short is not None and len(head) + 1 + len(short) <= WIDTH:
            yield f"{head} {short}"
        elif isinstance(value, dict):
            yield head
            yield from self.lines(value, indent + self.step, at)
        elif isinstance(value, list):
            yield head
            for index, item in enumerate(value):
                yield from self._item(item, indent + self.step, (*at, index))
        elif isinstance(value, str) and "\n" in value:
            first, *rest = block(value, indent + self.step)
            yield f"{head} {first}"
            yield from rest
        else:
            yield f"{head} {scalar(value)}"

    def _item(self, item: Value, indent: int, at: Key) -> Iterator[str]:
        """An item. Its dash is two columns to the left of the mapping's first key."""
        yield from self._comments(at, indent)
        dash = " " * indent + "- "
        if isinstance(item, dict) and item:
            first, *rest = self.lines(item, indent + len("- "), at)
            while first.lstrip().startswith("#"):
                yield f"{' ' * indent}{first.lstrip()}"
                first, *rest = rest
            yield dash + first.lstrip()
            yield from rest
        elif isinstance(item, list):
            yield dash + flow(item)
        elif isinstance(item, str) and "\n" in item:
            first, *rest = block(item, indent + self.step)
            yield dash + first
            yield from rest
        else:
            yield dash + ("{}" if isinstance(item, dict) else scalar(item))

    def _short(self, name: str, value: Value, at: Key) -> str | None:
        """The value on one line, if that is easy to read; otherwise None."""
        if any(place[: len(at)] == at and place != at for place in self.comments):
            return None
        if isinstance(value, dict):
            apart = value and (name in self.blocks or len(value) > _PAIRS)
            return None if apart or not all(map(_is_short, value.values())) else flow(value)
        if isinstance(value, list):
            return flow(value) if all(map(_is_short, value)) else None
        return None


def flow(value: Value) -> str:
    """A value on one line, however long."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key(name, flow=True)}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value, flow=True)


def _is_short(value: Value) -> bool:
    return not isinstance(value, dict | list) and not (isinstance(value, str) and "\n" in value)
