"""Where each key of a YAML document stands. Pure."""

from __future__ import annotations

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
        loader.check_data()
        root = loader.get_node()
    finally:
        loader.dispose()
    found: dict[Key, SourceLocation] = {}
    if root is not None:
        _walk(root, (), file, found, ())
    return found


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
