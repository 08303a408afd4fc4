"""How much the aliases of a YAML document expand, and whether Go's YAML accepts that. Pure.

Source: `allowedAliasRatio` in go-yaml's decoder. It is computed on the nodes, because PyYAML needs hours to build a
document of a few lines with nested merges.
"""

from __future__ import annotations

import yaml

_FEW, _MANY = 400_000, 4_000_000


def unfolds_too_far(root: yaml.Node | None) -> bool:
    """Whether aliases make up too much of the document, or one is inside of what it refers to."""
    sizes: dict[int, int] = {}
    total = _size(root, sizes) if root else 0
    repeated = total - len(sizes)
    return total < 0 or (repeated > 100 and total > 1000 and repeated / total > _allowed(total))


def _allowed(total: int) -> float:
    """The share of all nodes that aliases may contribute."""
    return 0.99 - 0.89 * min(max((total - _FEW) / (_MANY - _FEW), 0), 1)


def _size(root: yaml.Node, sizes: dict[int, int]) -> int:
    """The number of nodes with aliases expanded; negative if one contains itself. `sizes` gets that of each node, by
    its id.
    """
    waiting, open_nodes = [root], set[int]()
    while waiting:
        node = waiting[-1]
        if id(node) in sizes:
            waiting.pop()
        elif id(node) in open_nodes:
            sizes[id(node)] = 1 + sum(sizes[id(part)] for part in _parts(node))
            open_nodes.discard(id(node))
            waiting.pop()
        else:
            open_nodes.add(id(node))
            parts = _parts(node)
            if any(id(part) in open_nodes for part in parts):
                return -1
            waiting += [part for part in parts if id(part) not in sizes]
    return sizes[id(root)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
