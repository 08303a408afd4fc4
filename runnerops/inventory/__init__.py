"""The inventory: YAML text in, `model.Inventory` out, every value knowing its place. Reads the inventory's files only.

`sources` finds the files, `nodes` reads YAML, `combine` makes one of several, `shape` checks our own keys, `merge` folds
defaults, groups and host together, `expressions` puts variables in, `caches` and `wiring` fill in what need not be said
twice, `load` is the way through all of them.
"""

from runnerops.inventory.load import load
from runnerops.inventory.sources import Where, exists, folder_of, name_of
from runnerops.inventory.targets import check_named, select, the_host

__all__ = [
    "Where",
    "check_named",
    "exists",
    "folder_of",
    "load",
    "name_of",
    "select",
    "the_host",
]
