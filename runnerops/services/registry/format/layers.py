"""Combines the documents of a Compose file: each is laid over those before it. Pure.

Source: `loadYamlFile` and `override/merge.go` of compose-go. Mappings are merged, lists are concatenated, and other
values override earlier ones. The nodes keep their places in the file.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from runnerops.model.common import word_set
from runnerops.services.base import ParseError

_STR, _NULL, _MAP, _SEQ = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "map", "seq"))
_MERGE = "tag:yaml.org,2002:merge"
_REPLACED = word_set("command entrypoint test")
_PAIRS = word_set(
    "environment labels annotations args additional_contexts extra_hosts sysctls dns dns_search dns_opt env_file tmpfs"
)
"""Keys whose value may be a list, a mapping or one text. They are combined as lists."""

_NAMES = word_set("depends_on networks models")
"""Keys whose list is a mapping without values."""


def one_of(documents: Sequence[yaml.Node]) -> yaml.Node | None:
    """The root of all documents laid over each other. Raises ParseError if Compose refuses one of them."""
    if len(documents) > 1:
        for document in documents:
            if not isinstance(document, yaml.MappingNode):
                empty = isinstance(document, yaml.ScalarNode) and not document.value
                problem = "a document is empty here" if empty else "a document here is not a mapping"
                raise ParseError(*_place(document), f"{problem}, and Compose refuses the file", "take its --- out")
            _refuse_apart(document)
    merged: yaml.Node | None = None
    for document in documents:
        merged = document if merged is None else _laid(merged, document, "")
    return merged


def _refuse_apart(document: yaml.MappingNode) -> None:
    """Raises what Compose refuses in each document alone: it resolves `extends` within one document."""
    services = _at(document, "services")
    if services is None:
        return
    if not isinstance(services, yaml.MappingNode):
        raise ParseError(*_place(services), "services must be a mapping in each document", "take the key out here")
    names = {key.value for key, _ in services.value}
    for _, service in services.value:
        extends = _at(service, "extends")
        base = extends if isinstance(extends, yaml.ScalarNode) else _at(extends, "service")
        if isinstance(base, yaml.ScalarNode) and base.value not in names and _at(extends, "file") is None:
            problem = f"`extends` only finds services of the same document, which has no service {base.value!r}"
            raise ParseError(*_place(base), problem, "put both into the same document")


def _at(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _laid(below: yaml.Node, over: yaml.Node, name: str) -> yaml.Node:
    if over.tag == _NULL:
        return below
    if over.tag == "!override" or name in _REPLACED:
        return over
    if name in _PAIRS and not (isinstance(below, yaml.MappingNode) and isinstance(over, yaml.MappingNode)):
        below, over = _list(below), _list(over)
    elif name in _NAMES:
        below, over = _names(below), _names(over)
    elif name == "build":
        below, over = _build(below), _build(over)
    if isinstance(below, yaml.MappingNode) and isinstance(over, yaml.MappingNode):
        return _mappings(below, over)
    if isinstance(below, yaml.SequenceNode) and isinstance(over, yaml.SequenceNode):
        return yaml.SequenceNode(below.tag, [*below.value, *over.value], below.start_mark, below.end_mark)
    if isinstance(below, yaml.ScalarNode):
        return over
    problem = "this cannot be merged with what an earlier document has here"
    raise ParseError(*_place(over), problem, "write it in the same form, or with !override before it")


def _mappings(below: yaml.MappingNode, over: yaml.MappingNode) -> yaml.MappingNode:
    pairs = list(below.value)
    at = {key.value: index for index, (key, _) in enumerate(pairs) if _is_name(key)}
    removed: set[int] = set()
    for key, value in over.value:
        index = at.get(key.value) if _is_name(key) else None
        if value.tag == "!reset":
            removed |= {index} if index is not None else set()
        elif index is None:
            pairs.append((key, value))
        else:
            pairs[index] = (pairs[index][0], _laid(pairs[index][1], value, key.value))
    pairs_left = [pair for index, pair in enumerate(pairs) if index not in removed]
    return yaml.MappingNode(below.tag, pairs_left, below.start_mark, below.end_mark)


def _is_name(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.tag != _MERGE


def _list(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        items = [
            _text(key, key.value if value.tag == _NULL else f"{key.value}={value.value}") for key, value in node.value
        ]
        return yaml.SequenceNode(_SEQ, items, node.start_mark, node.end_mark)
    if isinstance(node, yaml.ScalarNode):
        return yaml.SequenceNode(_SEQ, [node], node.start_mark, node.end_mark)
    return node


def _names(node: yaml.Node) -> yaml.Node:
    if not isinstance(node, yaml.SequenceNode):
        return node
    pairs = [(item, yaml.ScalarNode(_NULL, "", item.start_mark, item.end_mark)) for item in node.value]
    return yaml.MappingNode(_MAP, pairs, node.start_mark, node.end_mark)


def _build(node: yaml.Node) -> yaml.Node:
    if not isinstance(node, yaml.ScalarNode):
        return node
    return yaml.MappingNode(_MAP, [(_text(node, "context"), node)], node.start_mark, node.end_mark)


def _text(at: yaml.Node, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_STR, text, at.start_mark, at.end_mark)


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
