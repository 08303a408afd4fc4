"""What Go's YAML takes a text without quotes for, where PyYAML differs, and what Compose makes of such a value. Pure.

Source: `resolve.go` of go-yaml 2 to 4, which reads numbers with `strconv.ParseInt` in base 0. `080` is no octal number
there, and so it is the number 80.
"""

from __future__ import annotations

from datetime import date

from runnerops.patterns import late_pattern

NUMBER_STARTS = "-+.0123456789"
_STARTS = frozenset(NUMBER_STARTS)
_WHOLE = late_pattern(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = late_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST = 100
"""Letters of a whole number. One of 64 bits has fewer, without zeros before it."""
_TIME = r"\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?"
_DATE = late_pattern(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[Tt]{_TIME}(?:Z|[-+]\d\d:\d\d)| {_TIME})?")
_PLAIN_DIGITS = range(-4, 6)
"""Powers of ten of the first digit for which Go writes no exponent."""


def number_in(text: str) -> int | float | None:
    """The number that a text is; None if it is none. Infinity and NaN are words, which are not looked at."""
    if text[:1] not in _STARTS:
        return None
    plain = text if text.startswith(".") else text.replace("_", "")
    if _WHOLE.fullmatch(plain) and len(plain) < _LONGEST:
        digits = plain.lstrip("-+")
        whole = int(digits, 8 if digits[0] == "0" and digits.isdigit() else 0)
        whole = -whole if plain[0] == "-" else whole
        if -(2**63) <= whole < 2**64:
            return whole
    if not _FLOAT.fullmatch(plain):
        return None
    value = float(plain)
    return None if abs(value) == float("inf") else value


def is_date(text: str) -> bool:
    """Whether a text is a date, with or without a time."""
    match = _DATE.fullmatch(text)
    if not match:
        return False
    try:
        date(int(match[1]) or 2000, int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def text_of(value: float) -> str:
    """The text that Compose passes on for a number: as Go prints it."""
    if isinstance(value, int) or not value:
        return f"{value:g}" if isinstance(value, float) else str(value)
    from decimal import Decimal  # noqa: PLC0415  few files have such a number

    shortest = Decimal(repr(value)).normalize()
    power = shortest.adjusted()
    if power in _PLAIN_DIGITS:
        return f"{shortest:f}"
    return f"{shortest.scaleb(-power):f}e{power:+03d}"
