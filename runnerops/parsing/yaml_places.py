"""Finds the place of each key in a YAML document. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

import yaml

from runnerops.frozen import frozen
from runnerops.model.common import Key, SourceLocation
from runnerops.patterns import late_pattern

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BEGIN = late_pattern(r"^---", re.MULTILINE)
_MERGE = "tag:yaml.org,2002:merge"


@frozen
class Look:
    """What the text of a YAML file shows besides its values. `places`: of every key and item. `repeated`: repeated keys
    of a mapping, with their second place and the line of their first. `second`: the beginning of a second document that
    is not empty, even if it is not valid YAML. `documents`: all of them.
    """

    places: dict[Key, SourceLocation]
    repeated: list[tuple[Key, SourceLocation, int]]
    second: SourceLocation | None
    documents: Sequence[yaml.Node]


def places(text: str, file: str) -> dict[Key, SourceLocation]:
    """The place of every key and item of the first document. What comes from an alias or a merge (`<<`) has the place
    at its anchor. A mapping's own key takes precedence over a merged one.
    """
    loader = _LOADER(text)
    try:
        root = loader.get_node() if loader.check_node() else None
    finally:
        loader.dispose()
    return _places([root] if root else [], file)


def look(text: str, file: str, *, layered: bool) -> Look:
    """Reads everything in one pass. `layered`: the documents are merged, as Compose does; otherwise only the first
    counts.
    """
    documents: list[Any] = []
    loader = _LOADER(text)
    try:
        while loader.check_node():
            documents.append(loader.get_node())
    except yaml.YAMLError:  # of a later document: the first has been taken already
        pass
    finally:
        loader.dispose()
    second = _second(text, file) if _BEGIN.search(text) else None
    counted = documents if layered else documents[:1]
    return Look(
        _places(counted, file), [place for root in counted for place in _repeated(root, file)], second, documents
    )


def most_visits(documents: Sequence[yaml.Node]) -> int:
    """The number of values in the largest document, as Compose counts them: what an alias refers to counts once, and
    names of keys do not count. Source: `resolveReset` in compose-go's `loader/reset.go`.
    """
    return max(map(_visits, documents), default=0)


def _visits(root: yaml.Node) -> int:
    number, waiting, met = 1, [root], {id(root)}
    while waiting:
        node = waiting.pop()
        mapping = isinstance(node, yaml.MappingNode)
        parts = (
            [value for _, value in node.value] if mapping else node.value if isinstance(node, yaml.SequenceNode) else []
        )
        number += len(parts)
        new = [part for part in parts if not isinstance(part, yaml.ScalarNode) and id(part) not in met]
        met.update(map(id, new))
        waiting += new
    return number


def _places(documents: list[yaml.Node], file: str) -> dict[Key, SourceLocation]:
    by_key: dict[Key, SourceLocation] = {}
    for index, root in enumerate(documents):
        _Walk(file, by_key, add=index > 0).run(root)
    return by_key


def _second(text: str, file: str) -> SourceLocation | None:
    documents = 0
    begin = SourceLocation(file, 1, 1)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                mark: Any = event.start_mark
                begin = SourceLocation(file, mark.line + 1, mark.column + 1)
            elif documents > 1 and isinstance(event, yaml.NodeEvent):
                nothing = isinstance(event, yaml.ScalarEvent) and not event.value and event.implicit[0]
                if not nothing:
                    return begin
    except yaml.YAMLError:
        return begin if documents > 1 else None
    return None


def _repeated(root: yaml.Node, file: str) -> list[tuple[Key, SourceLocation, int]]:
    repeated_keys: list[tuple[Key, SourceLocation, int]] = []
    waiting: list[tuple[yaml.Node, Key]] = [(root, ())]
    met: set[int] = set()
    while waiting:
        node, key = waiting.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            waiting += ((item, (*key, index)) for index, item in items if not isinstance(item, yaml.ScalarNode))
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for name, value in node.value:
                place_key = (*key, str(name.value))
                if isinstance(name, yaml.ScalarNode) and name.tag != _MERGE and name.value in lines:
                    repeated_keys.append((place_key, _location(name, file), lines[name.value]))
                lines[str(name.value)] = name.start_mark.line + 1
                if not isinstance(value, yaml.ScalarNode):
                    waiting.append((value, place_key))
    return repeated_keys


@frozen
class _Walk:
    """Walks through one document. `add`: append items of a list to those that were in `places` before."""

    file: str
    places: dict[Key, SourceLocation]
    add: bool

    def run(self, node: yaml.Node, key: Key = (), within: tuple[yaml.Node, ...] = ()) -> None:
        if any(node is inner_node for inner_node in within):  # an alias inside its own anchor
            return
        inside = (*within, node)
        if isinstance(node, yaml.SequenceNode):
            begin = next(index for index in count() if (*key, index) not in self.places) if self.add else 0
            for index, item in enumerate(node.value, begin):
                self.places[*key, index] = _location(item, self.file)
                self.run(item, (*key, index), inside)
        elif isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if name.tag == _MERGE:
                    for merged_node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        self.run(merged_node, key, inside)
            for name, value in node.value:
                if isinstance(name, yaml.ScalarNode) and name.tag != _MERGE:
                    self.places[*key, name.value] = _location(name, self.file)
                    self.run(value, (*key, name.value), inside)


def _location(node: yaml.Node, file: str) -> SourceLocation:
    return SourceLocation(file, node.start_mark.line + 1, node.start_mark.column + 1)
