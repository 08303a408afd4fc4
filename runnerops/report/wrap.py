"""Breaks lines for a terminal at words, where the terminal would break them anywhere. Pure."""

from __future__ import annotations

import textwrap

from runnerops.patterns import late_pattern

_HEAD = late_pattern(r" *(?:\S+ {2,})?")
"""The indent of a text, and its first column if it has columns."""
_DEEPER = 4
NARROW = 40
"""The least width that is assumed for a terminal."""


def wrap_at_words(text: str, width: int, *, hanging: bool = True) -> list[str]:
    """Lines of at most `width`. A longer word stays whole. Further lines begin under the second column, or are
    indented; without `hanging` they begin where the first one does.
    """
    width = max(width, NARROW)
    if len(text) <= width:
        return [text]
    head, indent = _head(text), len(text) - len(text.lstrip(" "))
    deep = indent
    if hanging:
        deep = head if indent < head <= width // 2 else indent + _DEEPER
    lines = textwrap.wrap(text, width, subsequent_indent=" " * deep, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def shorten(text: str, width: int) -> str:
    """The part of the text that fits one line, up to the end of a word."""
    return textwrap.shorten(text, width, placeholder="…")


def _head(text: str) -> int:
    match = _HEAD.match(text)
    return match.end() if match else 0
