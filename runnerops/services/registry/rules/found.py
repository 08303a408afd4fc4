"""What the rules on the registry's files have in common: the form of what they find, and how they look into a tree. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from runnerops.model.common import Key, Tree, Value

Severity: TypeAlias = Literal["error", "warning", "info"]

One: TypeAlias = "tuple[str, Severity, Key, str, str]"
"""Rule, severity, key, message, fix."""

Found: TypeAlias = "Iterator[One]"

ENDS = "the registry ends at its start"


def tree_at(tree: Tree, *path: str) -> Tree:
    """The mapping at a path; an empty one where there is none."""
    found: Value = tree
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
