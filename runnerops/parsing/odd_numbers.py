"""Numbers that know how they are written, if that is not how they are printed: `1.10`, `0x1F`, `1e3`. Pure.

Where a text is wanted, people mean the text that they wrote.
"""

from __future__ import annotations


class OddInt(int):
    """A whole number. `text`: as it is written."""

    text: str


class OddFloat(float):
    """A number. `text`: as it is written."""

    text: str


def known_as(number: float, text: str) -> OddInt | OddFloat:
    """The number, with the text that it is written as."""
    odd = OddInt(number) if isinstance(number, int) else OddFloat(number)
    odd.text = text
    return odd


def as_written(value: float) -> str:
    """The text of a number or boolean in a file."""
    if isinstance(value, OddInt | OddFloat):
        return value.text
    return str(value).lower() if isinstance(value, bool) else str(value)
