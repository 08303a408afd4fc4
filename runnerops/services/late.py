"""Loading half of a service late: what only planning needs is imported while a host is being asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

_packages: dict[str, tuple[str, ...]] = {}


def late(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """A package's `__getattr__`: `homes` are its modules with the names that each gives; a name is kept once loaded."""
    _packages[package] = tuple(homes)
    home_of = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{home_of[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return get


def load_all() -> None:
    """Imports everything that was left for later."""
    for package, modules in _packages.items():
        for module in modules:
            import_module(f"{package}.{module}")
