"""Reads the files that a user names, none of which is large."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

LARGEST = 16 << 20
"""In bytes. The inventory of ten thousand hosts has a tenth of it."""


def read_bytes(path: Path) -> bytes:
    """Raises OSError, also for a file with more than LARGEST bytes, such as a device that never ends."""
    with path.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The same as text, with `\\n` at the end of every line. Raises UnicodeDecodeError too."""
    return io.TextIOWrapper(io.BytesIO(read_bytes(path)), encoding).read()
