"""Where each key of a YAML document stands. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from runnerops.model.common import Key, SourceLocation

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


def places(text: str, file: str) -> dict[Key, SourceLocation]:
    """The place of every key, and of every item of a list, of the first document.

    What an alias or a merge (`<<`) brings stands where its anchor has it; a key of one's own wins over a merged one.
    """
    loader = _LOADER(text)
    try:
        root = loader.get_node() if loader.check_node() else None
    finally:
        loader.dispose()
    found: dict[Key, SourceLocation] = {}
    if root is not None:
        _walk(root, (), file, found, ())
    return found


def repeated(text: str, file: str) -> list[tuple[Key, SourceLocation]]:
    """Keys that stand a second time in one mapping, where they do."""
    loader = _LOADER(text)
    try:
        root = loader.get_node() if loader.check_node() else None
    finally:
        loader.dispose()
    found: list[tuple[Key, SourceLocation]] = []
    waiting: list[tuple[yaml.Node | None, Key]] = [(root, ())]
    met: set[int] = set()
    while waiting:
        node, key = waiting.pop()
        if node is None or id(node) in met:
            continue
        met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += ((item, (*key, index)) for index, item in enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for name, value in node.value:
                here = (*key, str(name.value))
                if isinstance(name, yaml.ScalarNode) and name.tag != _MERGE and name.value in names:
                    found.append((here, _location(name, file)))
                names.add(str(name.value))
                waiting.append((value, here))
    return found


def second_document(text: str, file: str) -> SourceLocation | None:
    """Where a document with something in it begins behind the first, be it one that is no YAML; None where there is none."""
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


def _walk(
    node: yaml.Node, key: Key, file: str, found: dict[Key, SourceLocation], within: tuple[yaml.Node, ...]
) -> None:
    if any(node is one for one in within):  # an alias inside its own anchor
        return
    inside = (*within, node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            found[*key, index] = _location(item, file)
            _walk(item, (*key, index), file, found, inside)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.tag == _MERGE:
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    _walk(one, key, file, found, inside)
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.tag != _MERGE:
                found[*key, name.value] = _location(name, file)
                _walk(value, (*key, name.value), file, found, inside)


def _location(node: yaml.Node, file: str) -> SourceLocation:
    return SourceLocation(file, node.start_mark.line + 1, node.start_mark.column + 1)
