"""Sizes as Docker's programs write them: `64M`, `1.5 GiB`. Pure."""

from __future__ import annotations

import re

_SIZE = re.compile(r"\d+(?:\.\d*)?(?: ?(?:[kmgtp](?:i?b)?|b)?)?", re.IGNORECASE)


def is_size(text: str) -> bool:
    """Whether docker/go-units reads it: a number, a letter from k to p, `b` or `ib` after it."""
    return _SIZE.fullmatch(text) is not None


def size_of(text: str) -> int:
    """The bytes of a text that is a size."""
    number = text.rstrip(" kmgtpibKMGTPIB")
    letter = text[len(number) :].strip().lower()[:1]
    return int(float(number) * 1024 ** "bkmgtp".index(letter or "b"))
