"""Lines for a terminal, which breaks them anywhere: broken at words instead. Pure."""

from __future__ import annotations

import re
import textwrap

_HEAD = re.compile(r" *(?:\S+ {2,})?")
"""The indent of a text, and its first column where it has columns."""
_DEEPER = 4
NARROW = 40
"""A terminal narrower than this is taken for this wide."""


def broken_at_words(text: str, width: int) -> list[str]:
    """Lines of at most `width`; a word that is longer stays whole. It goes on under its second column, or further in than
    it begins.
    """
    width = max(width, NARROW)
    if len(text) <= width:
        return [text]
    head, indent = _head(text), len(text) - len(text.lstrip(" "))
    deep = head if indent < head <= width // 2 else indent + _DEEPER
    lines = textwrap.wrap(text, width, subsequent_indent=" " * deep, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def shortened(text: str, width: int) -> str:
    """What of the text fits one line, to the end of a word."""
    return textwrap.shorten(text, width, placeholder="…")


def _head(text: str) -> int:
    match = _HEAD.match(text)
    return match.end() if match else 0
