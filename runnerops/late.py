"""Loading parts of a package late: what only planning needs is imported while a host is being asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
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


def late_in_order(package: str, modules: Sequence[str]) -> Callable[[str], Any]:
    """The same for modules of which each needs only those before it: a name is looked for in one after another."""
    _packages[package] = tuple(modules)

    def get(name: str) -> Any:
        for module in () if name.startswith("__") else modules:
            found = vars(import_module(f"{package}.{module}"))
            if name in found:
                setattr(sys.modules[package], name, found[name])
                return found[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


def load_all() -> None:
    """Imports everything that was left for later."""
    for package, modules in _packages.items():
        for module in modules:
            import_module(f"{package}.{module}")
