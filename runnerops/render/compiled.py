"""Caches the code that Jinja compiles from templates. Compiling the shipped templates takes as long as rendering them
for ten hosts, so their code is also written to files, under the rules by which Python caches modules.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

import jinja2.compiler
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """The code of all templates for the lifetime of the process, and of those in the folder `shipped` also in files.

    The files are in the `__pycache__` of this package. They are written if that is allowed, and used only if the
    template, Jinja's compiler and the options in `renderer.py` have not changed. PYTHONDONTWRITEBYTECODE and
    PYTHONPYCACHEPREFIX apply.
    """

    def __init__(self, shipped: Path) -> None:
        self._shipped = shipped
        self._codes: dict[tuple[str, str], CodeType] = {}

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The name and the path of a template; both are part of its code."""
        return f"{name}\n{filename or ''}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja to fetch the code of a template. If it stays None, Jinja compiles the template."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))
        file = self._file(bucket)
        if bucket.code is None and file:
            with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
                *made_of, code = marshal.loads(file.read_bytes())  # noqa: S302  whoever writes there can change our own code
                if made_of == _made_of(bucket):
                    bucket.code = self._codes[bucket.key, bucket.checksum] = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja to keep the code of a template."""
        if not bucket.code:
            return
        self._codes[bucket.key, bucket.checksum] = bucket.code
        file = self._file(bucket)
        if file and not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):  # most users cannot write into an installation of somebody else
                _write(file, marshal.dumps([*_made_of(bucket), bucket.code]))

    def _file(self, bucket: Bucket) -> Path | None:
        """Where the code of a shipped template is kept; None for other templates."""
        name, _, path = bucket.key.partition("\n")
        if Path(path) != self._shipped / name or sys.implementation.cache_tag is None:
            return None
        return Path(cache_from_source(str(Path(__file__).with_name(f"{name}.py"))))


def _made_of(bucket: Bucket) -> list[object]:
    """Everything that the code depends on."""
    programs = (jinja2.compiler.__file__, str(Path(__file__).with_name("renderer.py")))
    states = [os.stat(path) for path in programs]
    return [bucket.key, bucket.checksum, *((state.st_mtime_ns, state.st_size) for state in states)]


def _write(file: Path, content: bytes) -> None:
    """Writes the file atomically, because another process may read or write it at the same time. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
