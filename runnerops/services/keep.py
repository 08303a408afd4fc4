"""`keep`: dotted keys that are the host's own, whatever the inventory has there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.common import Tree, Value


def keep(want: Tree, old: Tree, keys: Sequence[str]) -> Tree:
    """`want` with the host's own values, or their absence, at the dotted `keys`."""
    for dotted in keys:
        name, _, rest = dotted.partition(".")
        if rest:
            below = keep(_tree(want.get(name)), _tree(old.get(name)), [rest])
            want = {**want, name: below} if below or name in want else want
        elif name in old:
            want = {**want, name: old[name]}
        else:
            want = {key: value for key, value in want.items() if key != name}
    return want


def _tree(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}
