"""Ranges in the name of a host, such as `runner-[01:40]`, with which one entry describes many hosts. Pure."""

from __future__ import annotations

from itertools import product

from runnerops.inventory.keys.checks import Refused
from runnerops.patterns import late_pattern

_RANGE = late_pattern(r"\[([0-9]+|[a-z]|[A-Z]):([0-9]+|[a-z]|[A-Z])\]")
_OTHER_RANGE = late_pattern(r"\[([0-9]+|[a-z]|[A-Z])(?:-|\.\.+|,)([0-9]+|[a-z]|[A-Z])\]")
"""Ranges as other tools write them."""
_MOST = 10_000
_DIGITS = 18


def has_range(text: str) -> bool:
    """Whether the text stands for several names."""
    return "[" in text and _RANGE.search(text) is not None


def with_colons(text: str) -> str:
    """A name with `[01-40]` or `[01..40]` as a range, `[01:40]`; empty if it has none of these."""
    replaced = _OTHER_RANGE.sub(r"[\1:\2]", text)
    return replaced if replaced != text else ""


def expand(text: str) -> tuple[str, ...]:
    """All names that the text stands for. The last range varies fastest. Raises Refused.

    If the first number starts with a zero, all numbers get its width.
    """
    pieces = _RANGE.split(text)
    if len(pieces) == 1:
        return (text,)
    ranges = [_items(first, last) for first, last in zip(pieces[1::3], pieces[2::3], strict=True)]
    if _count(ranges) > _MOST:
        raise Refused(f"stands for more than {_MOST} hosts", "give a narrower range")
    between = pieces[3::3]
    return tuple(
        pieces[0] + "".join(item + text for item, text in zip(items, between, strict=True))
        for items in product(*ranges)
    )


def _count(ranges: list[tuple[str, ...]]) -> int:
    count = 1
    for range_ in ranges:
        count *= len(range_)
    return count


def _items(first: str, last: str) -> tuple[str, ...]:
    if first.isdigit() != last.isdigit() or (not first.isdigit() and first.islower() != last.islower()):
        raise Refused(
            f"the range [{first}:{last}] mixes letters and numbers, or cases",
            "write numbers, or letters of one case, on both sides",
        )
    if max(len(first), len(last)) > _DIGITS:
        raise Refused(f"a number of a range has more than {_DIGITS} digits", "give smaller numbers")
    start, end = (int(first), int(last)) if first.isdigit() else (ord(first), ord(last))
    if end < start:
        raise Refused(f"the range [{first}:{last}] ends before it begins", f"write [{last}:{first}]")
    if end - start >= _MOST:
        raise Refused(f"the range [{first}:{last}] has more than {_MOST} items", "give a narrower range")
    width = len(first) if first.startswith("0") else 0
    return tuple(str(at).zfill(width) if first.isdigit() else chr(at) for at in range(start, end + 1))
