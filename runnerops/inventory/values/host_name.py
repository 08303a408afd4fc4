"""`{host}` in a text of the inventory: the name of the host that the value is for. Pure."""

from __future__ import annotations

from runnerops.inventory.values.expressions import holds_expression
from runnerops.inventory.values.scalars import Verbatim
from runnerops.patterns import late_pattern

_HOST = late_pattern(r"(?<![${])\{host\}(?!\})")
"""Does not match `${host}` of a shell and `{{host}}` of a template, which have other meanings."""


def with_host(text: str, host: str) -> str:
    """The text with the name of this host."""
    if isinstance(text, Verbatim):
        return text
    return _HOST.sub(lambda _: host, text) if "{host}" in text else text


def is_replaced(text: str) -> bool:
    """Whether the inventory would replace anything in this text."""
    return with_host(text, "") != text or holds_expression(text)
