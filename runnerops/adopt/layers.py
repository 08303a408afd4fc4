"""What a host has to say beside what it inherits, so that both together are what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Key, Tree, Value


def beside(inherited: Value, wanted: Tree) -> Tree:
    """`wanted` without what is inherited, and a null for what is inherited and not wanted. Lists are whole."""
    if not isinstance(inherited, dict):
        return wanted
    kept: Tree = {}
    for name, value in wanted.items():
        above = inherited.get(name)
        if isinstance(value, dict) and isinstance(above, dict):
            if inside := beside(above, value):
                kept[name] = inside
        elif value != above or type(value) is not type(above):
            kept[name] = value
    return kept | {name: None for name, above in inherited.items() if name not in wanted and above is not None}


def left_over(inherited: Value, wanted: Tree) -> Iterator[str]:
    """Names of entries of lists that merge by name, which no host can take away: inherited, and not there."""
    for name, above in inherited.items() if isinstance(inherited, dict) else ():
        here = wanted.get(name)
        known = {_name(item) for item in here} if isinstance(here, list) else set()
        for item in above if isinstance(above, list) and name in {"runners", "caches"} else ():
            if _name(item) and _name(item) not in known:
                yield _name(item)


def _name(item: Value) -> str:
    return str(item.get("name") or "") if isinstance(item, dict) else ""


def under(key: Key, tree: Tree) -> Value:
    """What a tree has at a place; None where there is no such place."""
    found: Value = tree
    for part in key:
        found = found.get(str(part)) if isinstance(found, dict) else None
    return found
