"""Fabric, loaded without what it does not need. Import it late, and before paramiko, which loads half of it too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


class _Empty(ModuleType):
    """Stands in for a module while another takes names out of it that it never uses."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


class _Metadata(ModuleType):
    """Stands in for importlib.metadata while paramiko asks for its own version, which it names in its first line to a host."""

    def version(self, package: str) -> str:
        """From the name of the folder that pip leaves beside a package, where there is one."""
        for folder in map(Path, sys.path):
            for found in folder.glob(f"{package}-*.dist-info"):
                return found.name.removeprefix(f"{package}-").removesuffix(".dist-info")
        del sys.modules[self.__name__]
        import importlib.metadata  # noqa: PLC0415

        return importlib.metadata.version(package)


@contextmanager
def _standing_in(*modules: ModuleType) -> Iterator[None]:
    """These are found where a module of their name is imported that is not loaded yet."""
    used = [module for module in modules if module.__name__ not in sys.modules]
    sys.modules.update((module.__name__, module) for module in used)
    try:
        yield
    finally:
        for module in used:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]


# invoke takes Mock for a helper of its users' tests, and with it come asyncio, ssl and argparse: a twentieth of a deploy;
# with importlib.metadata come email, csv and zipfile: 9 ms
with _standing_in(_Empty("unittest.mock"), _Metadata("importlib.metadata")):
    from fabric import Config, Connection

__all__ = ["Config", "Connection"]
