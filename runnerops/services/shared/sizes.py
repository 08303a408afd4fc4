"""Sizes as Docker's programs write them: `64M`, `1.5 GiB`. Pure."""

from __future__ import annotations

import re
from math import isfinite

from runnerops.patterns import late_pattern

_SIZE = late_pattern(r"[0-9]+(?:\.[0-9]*)?(?: ?(?:[kmgtp](?:i?b)?|b)?)?", re.IGNORECASE)


def is_size(text: str) -> bool:
    """Whether docker/go-units accepts it: a number that a float can hold, perhaps with a letter of `kmgtp`, then perhaps
    `b` or `ib`.
    """
    return _SIZE.fullmatch(text) is not None and isfinite(_number(text))


def size_of(text: str) -> int:
    """The number of bytes that a valid size means; at most 2**63."""
    letter = text.lstrip("0123456789. ").lower()[:1]
    return int(min(_number(text) * 1024 ** "bkmgtp".index(letter or "b"), 2.0**63))


def _number(text: str) -> float:
    return float(text.rstrip(" kmgtpibKMGTPIB"))
