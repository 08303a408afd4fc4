"""Generic resources of a node for swarm, as dockerd reads them. Pure.

Source: `ParseGenericResources` of moby's `daemon/config/opts.go`, and swarmkit's `api/genericresource/parse.go`.
"""

from __future__ import annotations

from runnerops.model.common import Tree
from runnerops.services.docker.schema.nested import Found

_KEY = "node-generic-resources"
_START = "dockerd does not start"


def resources(tree: Tree) -> Found:
    """Each must be NAME=VALUE. One name has either a single whole number, or texts that are not numbers."""
    value = tree.get(_KEY)
    kinds: dict[str, bool] = {}
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(item, str):
            continue
        name, _, text = item.partition("=")
        number = text.isdecimal()
        if not name or not text or "=" in text:
            yield "D017", "error", (_KEY, index), f"must be NAME=VALUE: {_START}", "write for example gpu=2"
        elif name in kinds and (number or kinds[name]):
            text = f"gives {name!r} a second value, but a number must be the only one: {_START}"
            yield "D017", "error", (_KEY, index), text, "write a single number, or only names"
        kinds.setdefault(name, number)
