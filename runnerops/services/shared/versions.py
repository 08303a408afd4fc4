"""Versions of programs as they print them. Pure."""

from __future__ import annotations

import re
from typing import TypeAlias

Version: TypeAlias = "tuple[int, int]"


def version_of(text: str) -> Version | None:
    """Major and minor version of a text like `26.1.5+dfsg1` or `v30.0.0-rc.1`. None if it has none (`dev`), or is a build
    of no release (`0.0.0-20260101`).
    """
    match = re.match(r"v?(\d{1,9})\.(\d{1,9})(?![\d])", text)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return version if version != (0, 0) else None
