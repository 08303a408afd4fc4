"""What the rules on the registry's files have in common: the form of what they find, and how they look into a tree. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern

Severity: TypeAlias = Literal["error", "warning", "info"]

One: TypeAlias = "tuple[str, Severity, Key, str, str]"
"""Rule, severity, key, message, fix."""

Found: TypeAlias = "Iterator[One]"

_NEWEST = 3
ENDS = "the registry ends at its start"

_POWER = late_pattern(r"[-+]?\d+[eE][-+]?\d{1,2}")
_NUMBER = late_pattern(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?\d)*|0)")


def tree_at(tree: Tree, *path: str) -> Tree:
    """The mapping at a path; an empty one where there is none."""
    found: Value = tree
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def is_bool(value: Value) -> bool:
    """Whether Go's YAML reads a boolean; it takes `y` and `n` for one, too."""
    return isinstance(value, bool) or (isinstance(value, str) and value in {"y", "Y", "n", "N"})


def is_true(value: Value) -> bool:
    """Whether Go's YAML reads a true one."""
    return value is True or (isinstance(value, str) and value in {"y", "Y"})


def is_text(value: Value) -> bool:
    """Whether Go's YAML reads a text."""
    return isinstance(value, str) and not is_bool(value)


def is_set(value: Value) -> bool:
    """Whether a text of the registry's has something in it: any scalar is one, `false` and 0 too."""
    return value is not None and value != ""


def only(reader: int, major: int, found: Iterable[One]) -> Found:
    """What one major version alone refuses: nothing for the other."""
    if major == reader:
        yield from found


def of_any(second: Sequence[One], third: Sequence[One]) -> Found:
    """What is to be said where the major version is not known; `second`, `third`: what is wrong for each.

    What one alone refuses is a warning that names it, and what it alone ignores is nothing. A file that both refuse, each for
    a reason of its own, has an error all the same.
    """
    by_2, by_3 = ({(one[0], one[2]): one for one in found} for found in (second, third))
    both = [one for one in third if by_2.get((one[0], one[2]), one)[1] == one[1] and (one[0], one[2]) in by_2]
    every = all(any(one[1] == "error" for one in found) for found in (second, third))
    refused = every and not any(one[1] == "error" for one in both)
    yield from both
    for reader, found, other in ((3, third, by_2), (2, second, by_3)):
        for one in found:
            rule, severity, key, text, fix = one
            if (rule, key) in other and other[rule, key][1] in (severity, "error"):
                continue
            if severity == "error" and fix.startswith(ENDS):
                named = text if f"registry {reader}" in text else f"{text}: registry {reader} ends at its start"
                yield rule, "error" if refused else "warning", key, named, fix
                refused = False
            elif reader == _NEWEST and severity == "error":  # what the older one passes over is no mistake
                yield rule, "error" if rule == "C003" else "warning", key, text, fix
            elif severity != "error" and rule != "C001":
                yield one


def read_power(value: Value, major: int) -> Value:
    """`1e3` as registry 3 reads it: a number. To registry 2 it is a text, as it is to the reader of this program."""
    is_number = major != 2 and isinstance(value, str) and _POWER.fullmatch(value)
    return float(str(value)) if is_number else value


def number(value: Value) -> int | None:
    """A whole number, or a text that Go reads as one: `0x`, `0o` and `0b` count, and so does an underscore between."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 64 else None
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    octal = re.fullmatch(r"([+-]?)0([0-7_]+)", value)
    return int(f"{octal[1]}0o{octal[2]}" if octal else value, 0)
