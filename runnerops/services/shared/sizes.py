"""Sizes as Docker's programs write them: `64M`, `1.5 GiB`. Pure."""

from __future__ import annotations

import re
from math import isfinite

from runnerops.patterns import late_pattern

_SIZE = late_pattern(r"[0-9]+(?:\.[0-9]*)?(?: ?(?:[kmgtp](?:i?b)?|b)?)?", re.IGNORECASE)


def is_size(text: str) -> bool:
    """Whether docker/go-units reads it: a number that a float holds, a letter from k to p, `b` or `ib` after it."""
    return _SIZE.fullmatch(text) is not None and isfinite(_number(text))


def size_of(text: str) -> int:
    """The bytes of a text that is a size; no more than 64 bits hold."""
    letter = text.lstrip("0123456789. ").lower()[:1]
    return int(min(_number(text) * 1024 ** "bkmgtp".index(letter or "b"), 2.0**63))


def _number(text: str) -> float:
    return float(text.rstrip(" kmgtpibKMGTPIB"))
