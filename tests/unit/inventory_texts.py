"""Loads inventories from texts, and gives the result or the errors."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from runnerops import inventory
from runnerops.errors import InventoryError
from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import Host, Inventory


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "inventory.yml"
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return path


def load(folder: Path, text: str) -> Inventory:
    return inventory.load(write(folder, text))


def hosts(folder: Path, text: str) -> dict[str, Host]:
    return {host.name: host for host in load(folder, text).hosts}


def docker(host: Host) -> Tree:
    return host.sections[ServiceName.DOCKER]


def caches(host: Host) -> list[Tree]:
    tree = host.sections[ServiceName.REGISTRY]["caches"]
    assert isinstance(tree, list)
    return [cache for cache in tree if isinstance(cache, dict)]


def refusal(folder: Path, text: str | bytes) -> tuple[str, str]:
    """The problems, with the inventory's file as if it were here, one on each line, and all hints."""
    path = write(folder, text)
    with pytest.raises(InventoryError) as caught:
        inventory.load(path)
    hints = dict.fromkeys([caught.value.hint, *(fix for _, _, fix in caught.value.problems)])
    return caught.value.message.replace(f"{folder}/", ""), "; ".join(filter(None, hints))
