"""From the inventory's file to `model.Inventory`. The only module here that reads a file."""

from __future__ import annotations

from pathlib import Path

from runnerops.model import Inventory


def load(path: Path) -> Inventory:
    """The whole inventory, merged, checked and wired; secrets stay unresolved.

    Raises UsageError where there is no file, InventoryError with every problem that can be told in one go.
    """
    raise NotImplementedError
