"""The inventory's `keep`: dotted keys whose value stays as it is on the host, whatever the inventory says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.common import Tree, Value


def keep(desired: Tree, old: Tree, keys: Sequence[str]) -> Tree:
    """The tree with the host's own values, or their absence, at the dotted `keys`."""
    for dotted in keys:
        name, _, rest = dotted.partition(".")
        if rest:
            below = keep(_tree(desired.get(name)), _tree(old.get(name)), [rest])
            desired = {**desired, name: below} if below or name in desired else desired
        elif name in old:
            desired = {**desired, name: old[name]}
        else:
            desired = {key: value for key, value in desired.items() if key != name}
    return desired


def _tree(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}
