"""`{host}` in a text of the inventory: the name of the host that the value is for. Pure."""

from __future__ import annotations

import re

_HOST = re.compile(r"(?<![${])\{host\}(?!\})")
"""A shell's `${host}` and a template's `{{host}}` mean something else, and stay."""


def with_host(text: str, host: str) -> str:
    """The text for a host of this name."""
    return _HOST.sub(lambda _: host, text) if "{host}" in text else text
