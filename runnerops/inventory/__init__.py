"""Turns YAML text into a `model.Inventory` in which every value knows its place. Reads only the files of the inventory.

`sources` finds the files, `nodes` reads YAML, `combine` merges several files, `shape` checks our own keys, `merge`
merges defaults, groups and hosts, `expressions` replaces variables, and `caches` and `wiring` fill in what need not be
said twice. `load` calls them all.
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
