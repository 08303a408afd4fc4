"""The inventory: YAML text in, `model.Inventory` out, every value knowing its place. Reads the inventory's file only.

`nodes` reads YAML, `shape` checks our own keys, `merge` folds defaults, groups and host together, `caches` and
`wiring` fill in what need not be said twice, `load` is the way through all of them.
"""

from runnerops.inventory.explain import Explained, Layer, explain
from runnerops.inventory.load import load
from runnerops.inventory.targets import select, the_host

__all__ = ["Explained", "Layer", "explain", "load", "select", "the_host"]
