"""Fabric, loaded without what it does not need. Import it late, and before paramiko, which loads half of it too."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
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
def _standing_in(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """These are found where a module of that name is imported which is not loaded yet."""
    used = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(used)
    try:
        yield
    finally:
        for name, module in used.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


# in ms of a deploy: invoke takes Mock for a helper of its users' tests, and with it come asyncio, ssl and argparse (35); with
# importlib.metadata come email, csv and zipfile (9); invoke brings a YAML of its own for its configuration files, which are
# not read here, and the inventory's is loaded already (4)
_NOT_NEEDED = {"unittest.mock": _Empty("unittest.mock"), "importlib.metadata": _Metadata("importlib.metadata")}
_LOADED = {"invoke.vendor.yaml": sys.modules["yaml"]} if "yaml" in sys.modules else {}
with _standing_in(_NOT_NEEDED | _LOADED):
    from fabric import Config, Connection

__all__ = ["Config", "Connection"]
