"""Fabric, loaded without what it does not need. Import it late, and before paramiko, which loads half of it too."""

from __future__ import annotations

import sys
from types import ModuleType

_MOCK = "unittest.mock"


class _Empty(ModuleType):
    """Stands in for a module while another takes names out of it that it never uses."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


# invoke takes Mock for a helper of its users' tests, and with it come asyncio, ssl and argparse: a twentieth of a deploy
_loaded = _MOCK in sys.modules
if not _loaded:
    sys.modules[_MOCK] = _Empty(_MOCK)
try:
    from fabric import Config, Connection
finally:
    if not _loaded:
        del sys.modules[_MOCK]

__all__ = ["Config", "Connection"]
