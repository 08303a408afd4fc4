"""Parses YAML text into nodes that know their places. Pure.

The nodes are made from the events of the parser. So no tag can construct an object, a duplicate key is reported with
both places, and an alias is counted before it costs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import yaml

from runnerops.frozen import frozen
from runnerops.inventory.parse.events import events, place
from runnerops.inventory.problems import Problems, dotted
from runnerops.inventory.values.scalars import Scalar, ScalarError, check_tag, read_scalar
from runnerops.model.common import SourceLocation
from runnerops.parsing.near import did_you_mean

_DEEPEST = 60
_SHORTEST = 2
"""Letters of an alias for which a similar anchor is proposed."""
_MOST_COPIES = 100_000
"""How many values aliases may stand for: far more than any inventory needs, far fewer than in a YAML bomb."""

Content: TypeAlias = "Scalar | tuple[Node, ...] | dict[str, Node]"


@frozen
class Node:
    """A value and its place: that of its key in a mapping, or else its own. `size` counts the value and all values
    below it.

    `over` is what this value replaced when layers were merged.
    """

    location: SourceLocation
    value: Content
    size: int = 1
    over: Node | None = None


def parse(text: str, file: str, problems: Problems, *, may_be_empty: bool = False) -> Node:
    """The only document in `text`. Raises InventoryError for invalid YAML, and for values that are never allowed."""
    reader = _Reader(events(text, file, problems), file, problems)
    node = reader.document()
    problems.stop()
    if may_be_empty and (node is None or node.value is None):
        return Node(SourceLocation(file, 1, 1), None)
    if node is None or node.value is None:
        problems.add(
            SourceLocation(file, 1, 1), "", "the inventory is empty", "begin with `hosts:` and the name of a host"
        )
    elif not isinstance(node.value, dict):
        problems.add(node.location, "", "the inventory must be a mapping", "begin with `hosts:` and the name of a host")
    problems.stop()
    assert node is not None
    return node


class _Reader:
    """Turns events into nodes. Notes each problem, and continues if possible."""

    def __init__(self, events: Iterator[yaml.Event], file: str, problems: Problems) -> None:
        self._events = events
        self._file = file
        self._problems = problems
        self._path: list[str | int] = []
        self._anchors: dict[str, Node | None] = {}  # None: not read completely yet
        self._copies = 0

    def document(self) -> Node | None:
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and node is not None:
                self._stop(event, "a second document", "one file holds one inventory: take out the `---`")
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event)
        return node

    def _node(self, event: yaml.Event) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = None
        node = self._content(event)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _content(self, event: yaml.Event) -> Node:
        if len(self._path) > _DEEPEST:
            self._stop(event, f"nested deeper than {_DEEPEST} levels", "no managed system has such keys")
        if isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event, "map")
            return self._mapping(event)
        if isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq")
            return self._sequence(event)
        assert isinstance(event, yaml.ScalarEvent)
        return self._scalar(event)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        name = str(event.anchor)
        if name not in self._anchors:  # the name may be an unquoted password: it is never shown
            suggestion = did_you_mean(name, self._anchors) if len(name) > _SHORTEST else ""
            hint = "write the alias as its anchor above is written, or put a value that starts with `*` in quotes"
            self._stop(event, f"an alias without an anchor above it{suggestion}", hint)
        node = self._anchors[name]
        if node is None:
            self._stop(event, "an alias inside of its own anchor", "take the alias out")
        assert node is not None
        self._copies += node.size
        if self._copies > _MOST_COPIES:
            self._stop(event, f"the aliases here expand to more than {_MOST_COPIES} values", "use groups, not aliases")
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        location = place(event, self._file)
        try:
            return Node(location, read_scalar(event.value, event.tag, not event.style, location))
        except ScalarError as error:
            self._problems.add(location, dotted(tuple(self._path)), error.text, error.hint)
            return Node(location, None)

    def _sequence(self, start: yaml.SequenceStartEvent) -> Node:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._below(len(items), event))
        return Node(place(start, self._file), tuple(items), 1 + sum(item.size for item in items))

    def _mapping(self, start: yaml.MappingStartEvent) -> Node:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            value = self._below(key, next(self._events))
            location = place(event, self._file)
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
                merged |= {name: node for name, node in self._merge_key(value, location).items() if name not in merged}
            elif key in entries:
                self._problems.add(
                    location,
                    dotted((*self._path, key)),
                    f"written twice, first at {entries[key].location}",
                    "keep one of the two, or merge them",
                )
            else:
                entries[key] = replace(value, location=location)
        values = merged | entries
        return Node(place(start, self._file), values, 1 + sum(node.size for node in values.values()))

    def _below(self, part: str | int, event: yaml.Event) -> Node:
        self._path.append(part)
        node = self._node(event)
        self._path.pop()
        return node

    def _key(self, event: yaml.Event) -> str:
        """Makes every key a text, even if YAML reads it as a number, because JSON and TOML have no other keys."""
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, "a key must be one word", "put a value that starts with `{`, `[` or `*` in quotes")
        assert isinstance(event, yaml.ScalarEvent)
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self._stop(event, "a key cannot have a tag", "take the tag out")
        return str(event.value)

    def _merge_key(self, value: Node, location: SourceLocation) -> dict[str, Node]:
        """The values of `<<`, the merge key of YAML 1.1, which many files still use. Of several, the first wins."""
        values: dict[str, Node] = {}
        for node in value.value if isinstance(value.value, tuple) else (value,):
            if isinstance(node.value, dict):
                values |= {name: item for name, item in node.value.items() if name not in values}
            else:
                text = "must be an alias of a mapping, or a list of these"
                hint = "write `<<: *NAME`, with the asterisk, where `&NAME` is the anchor of the mapping"
                self._problems.add(location, dotted((*self._path, "<<")), text, hint)
        return values

    def _check_tag(self, event: yaml.CollectionStartEvent, kind: str) -> None:
        try:
            check_tag(event.tag, "map" if kind == "map" else "seq")
        except ScalarError as error:
            location = place(event, self._file)
            self._problems.add(location, dotted(tuple(self._path)), error.text, error.hint)

    def _stop(self, event: yaml.Event, text: str, hint: str) -> None:
        self._problems.add(place(event, self._file), dotted(tuple(self._path[:6])), text, hint)
        self._problems.stop()
