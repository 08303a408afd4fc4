"""Layers of an inventory as trees: what a host adds to what it inherits, and what several hosts have in common. Pure.

Mappings merge. `runners` and `caches` merge by name. Every other value replaces, and a null removes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.inventory.values.host_name import is_replaced, with_host
from runnerops.inventory.values.scalars import Verbatim
from runnerops.model.common import Key, Secret, Tree, Value
from runnerops.services.shared.upstreams import cache_name

BY_NAME = frozenset({"runners", "caches"})
"""Lists in a section that merge by name."""
_IN_NO_FILE = frozenset({"gitlab"})
"""Keys of a runner that concern GitLab. It means nothing that the host's file does not have them."""


def entry_name(entry: Value) -> str:
    """The name by which a list entry merges. A cache may have no explicit name."""
    tree = entry if isinstance(entry, dict) else {}
    name, serves, upstream = (str(tree.get(key) or "") for key in ("name", "serves", "upstream"))
    return cache_name(name, serves, upstream)


def beside(inherited: Value, wanted: Tree) -> Tree:
    """`wanted` without what is inherited, and with a null for what is inherited and not wanted."""
    if not isinstance(inherited, dict):
        return wanted
    remaining: Tree = {}
    for name, value in wanted.items():
        above = inherited.get(name)
        if isinstance(value, dict) and isinstance(above, dict):
            if inside := beside(above, value):
                remaining[name] = inside
        elif name in BY_NAME and _entries(value) and _entries(above):
            if entries := list(_entries_beside(_entries(above), _entries(value))):
                remaining[name] = entries
        elif not same(value, above):
            remaining[name] = value
    return remaining | {name: None for name, above in inherited.items() if name not in wanted and above is not None}


def _entries_beside(above: Sequence[Tree], wanted: Sequence[Tree]) -> Iterator[Value]:
    inherited = {entry_name(item): item for item in above}
    for table in wanted:
        name = entry_name(table)
        base = {key: value for key, value in inherited.get(name, {}).items() if key not in _IN_NO_FILE or key in table}
        if "name" not in table:
            base.pop("name", None)
        if name not in inherited:
            yield table
        elif remaining := beside(base, table):
            yield remaining if entry_name(remaining) == name else {"name": name, **remaining}


def merged(base: Value, top: Tree) -> Tree:
    """The values that both layers together result in."""
    values: Tree = dict(base) if isinstance(base, dict) else {}
    for name, value in top.items():
        below = values.get(name)
        if isinstance(value, dict):
            values[name] = merged(below, value)
        elif name in BY_NAME and _entries(value) and _entries(below):
            entries = {entry_name(entry): entry for entry in _entries(below)}
            for entry in _entries(value):
                entries[entry_name(entry)] = merged(entries.get(entry_name(entry)), entry)
            values[name] = [*entries.values()]
        else:
            values[name] = value
    return {name: value for name, value in values.items() if value is not None}


def common(trees: Sequence[Tree]) -> Tree:
    """The values that are the same in all trees."""
    first, *other_trees = trees
    shared: Tree = {}
    for name, value in first.items():
        values = [value, *(tree.get(name) for tree in other_trees)]
        if all(isinstance(value, dict) for value in values):
            if (inside := common([value for value in values if isinstance(value, dict)])) or not any(values):
                shared[name] = inside
        elif name in BY_NAME and all(_entries(value) for value in values):
            if entries := _common_entries([_entries(value) for value in values]):
                shared[name] = [*entries]
        elif all(same(value, item) for item in values):
            shared[name] = value
    return shared


def _common_entries(lists: Sequence[Sequence[Tree]]) -> list[Tree]:
    """The entries that all lists begin with. A merge puts inherited entries first, so only these keep their order."""
    shared: list[Tree] = []
    for entries in zip(*lists, strict=False):
        names = {entry_name(entry) for entry in entries}
        if len(names) > 1:
            break
        alike = common(entries)
        shared.append(alike if entry_name(alike) in names else {"name": names.pop(), **alike})
    return shared


def for_host(value: Value, host: str) -> Value:
    """The value with `{host}` replaced in every text, as if a layer were applied to a host."""
    if isinstance(value, dict):
        return {name: for_host(item, host) for name, item in value.items()}
    if isinstance(value, list):
        return [for_host(item, host) for item in value]
    return with_host(value, host) if isinstance(value, str) else value


def verbatim(value: Value) -> Value:
    """Marks every text in which the inventory would replace something. `{host}` in an entry's name is our own."""
    if isinstance(value, dict):
        marked = {name: verbatim(item) for name, item in value.items()}
        for name in BY_NAME & value.keys():
            marked[name] = [{**entry, **_name(entry)} for entry in _entries(marked[name])] or marked[name]
        return marked
    if isinstance(value, list):
        return [verbatim(item) for item in value]
    return Verbatim(value) if isinstance(value, str) and is_replaced(value) else value


def _name(entry: Tree) -> Tree:
    return {"name": str(entry["name"])} if isinstance(entry.get("name"), Verbatim) else {}


def same(first: Value, second: Value) -> bool:
    """Whether two values also have the same type: YAML distinguishes `1` from `true`, and Python does not."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(item, second[name]) for name, item in first.items())
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Secret) and isinstance(second, Secret):
        return (first.source, first.argument) == (second.source, second.argument)
    return first == second and (type(first) is type(second) or (isinstance(first, str) and isinstance(second, str)))


def moved(key: Key, before: Value, after: Value) -> Key | None:
    """The place in `after` of the value at `key` in `before`; None if it is not there."""
    path: Key = ()
    for part in key:
        place = part
        if isinstance(part, int) and path and path[-1] in BY_NAME:
            name = entry_name(_at(before, part))
            place = next((at for at, entry in enumerate(_entries(after)) if entry_name(entry) == name), -1)
        before, after = _at(before, part), _at(after, place)
        if after is None:
            return None
        path = (*path, place)
    return path


def left_over(inherited: Value, wanted: Tree) -> Iterator[str]:
    """Names of inherited list entries that the host does not have. No host can remove them, because the lists merge by
    name.
    """
    for name, above in inherited.items() if isinstance(inherited, dict) else ():
        wanted_names = {entry_name(entry) for entry in _entries(wanted.get(name))}
        for entry in _entries(above) if name in BY_NAME else ():
            if entry_name(entry) not in wanted_names:
                yield entry_name(entry)


def _entries(value: Value) -> list[Tree]:
    """The entries of a list of mappings; none if it is not one."""
    entries = [table for table in value if isinstance(table, dict)] if isinstance(value, list) else []
    return entries if isinstance(value, list) and len(entries) == len(value) else []


def _at(value: Value, part: str | int) -> Value:
    if isinstance(value, dict):
        return value.get(str(part))
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return value[part]
    return None
