"""Loads Fabric without the modules that it does not need. Import it late, and before paramiko."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType


class _Empty(ModuleType):
    """Stands in for a module whose names another module imports, but never uses."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


class _Metadata(ModuleType):
    """Stands in for importlib.metadata when paramiko asks for its own version, which it sends to hosts."""

    def version(self, package: str) -> str:
        """Takes the version from the name of the folder that pip leaves beside a package, if there is one."""
        for folder in map(Path, sys.path):
            with suppress(OSError):  # this user may not read every folder of the path
                for path in folder.glob(f"{package}-*.dist-info"):
                    return path.name.removeprefix(f"{package}-").removesuffix(".dist-info")
        del sys.modules[self.__name__]
        import importlib.metadata  # noqa: PLC0415

        return importlib.metadata.version(package)


@contextmanager
def _replaced_modules(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """These are imported instead of the real modules of the same name, unless those are loaded already."""
    used = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(used)
    try:
        yield
    finally:
        for name, module in used.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


# What each costs a deploy, in ms: invoke imports Mock for its users, and with it asyncio, ssl and argparse (35);
# importlib.metadata imports email, csv and zipfile (9). invoke has a YAML parser for its configuration files, which are
# not read here; the parser for the inventory is loaded already (4).
_NOT_NEEDED = {"unittest.mock": _Empty("unittest.mock"), "importlib.metadata": _Metadata("importlib.metadata")}
_LOADED = {"invoke.vendor.yaml": sys.modules["yaml"]} if "yaml" in sys.modules else {}
with _replaced_modules(_NOT_NEEDED | _LOADED):
    from fabric import Config, Connection

__all__ = ["Config", "Connection"]
