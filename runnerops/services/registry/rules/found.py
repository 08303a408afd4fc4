"""The form of findings in a registry's files, and functions that read values as the registry does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias, TypeVar

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.format.reading import Power

Severity: TypeAlias = Literal["error", "warning", "info"]

One: TypeAlias = "tuple[str, Severity, Key, str, str]"
"""Rule, severity, key, message, fix."""

Found: TypeAlias = "Iterator[One]"

V = TypeVar("V", bound=Value)

_NEWEST = 3
ENDS = "the registry ends at its start"

WEB = late_pattern(r"(?i:https?)://[^/?#]")
"""The beginning of a URL to which Go can send a request."""

_NO_HOST = late_pattern(r"[\s^`{}|\\%]")
_NUMBER = late_pattern(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?\d)*|0)")


def tree_at(tree: Tree, *path: str) -> Tree:
    """Returns the mapping at a path; an empty one if there is none."""
    node: Value = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def is_bool(value: Value) -> bool:
    """Whether Go's YAML reads a boolean. `y` and `n` are booleans for it too."""
    return isinstance(value, bool) or (isinstance(value, str) and value in {"y", "Y", "n", "N"})


def is_true(value: Value) -> bool:
    """Whether Go's YAML reads `true`."""
    return value is True or (isinstance(value, str) and value in {"y", "Y"})


def is_text(value: Value) -> bool:
    """Whether Go's YAML reads a text."""
    return isinstance(value, str) and not is_bool(value)


def is_set(value: Value) -> bool:
    """Whether a text is not empty. Any scalar is a text for the registry, also `false` and 0."""
    return value is not None and value != ""


def only(reader: int, major: int, findings: Iterable[One]) -> Found:
    """Yields what only one major version refuses, and nothing for the other."""
    if major == reader:
        yield from findings


def of_any(second: Sequence[One], third: Sequence[One]) -> Found:
    """Combines the findings for both major versions if it is not known which reads the file.

    What only one of them refuses becomes a warning that names it, and what only one ignores is left out. If both refuse
    the file, each for another reason, there is an error all the same.
    """
    by_2, by_3 = ({(finding[0], finding[2]): finding for finding in findings} for findings in (second, third))
    common = [
        finding
        for finding in third
        if by_2.get((finding[0], finding[2]), finding)[1] == finding[1] and (finding[0], finding[2]) in by_2
    ]
    every = all(any(finding[1] == "error" for finding in findings) for findings in (second, third))
    refused = every and not any(finding[1] == "error" for finding in common)
    yield from common
    for reader, findings, other_findings in ((3, third, by_2), (2, second, by_3)):
        for finding in findings:
            rule, severity, key, text, fix = finding
            if (rule, key) in other_findings and other_findings[rule, key][1] in (severity, "error"):
                continue
            if severity == "error" and text.endswith(ENDS):
                message = (
                    text
                    if f"registry {reader}" in text
                    else f"{text.removesuffix(ENDS)}registry {reader} ends at its start"
                )
                yield rule, "error" if refused else "warning", key, message, fix
                refused = False
            elif reader == _NEWEST and severity == "error":  # what the older one passes over is no mistake
                yield rule, "error" if rule == "C003" else "warning", key, text, fix
            elif severity != "error" and rule != "C001":
                yield finding


def as_read(value: V, major: int) -> V:
    """Returns a value with each `1e3` without quotes as the number that it is to registry 3. Registry 2 reads a text."""
    if major == 2:
        return value
    converted: Value = value
    if isinstance(value, dict):
        converted = {name: as_read(item, major) for name, item in value.items()}
    elif isinstance(value, list):
        converted = [as_read(item, major) for item in value]
    elif isinstance(value, Power):
        converted = float(value)
    return converted  # type: ignore[return-value]


def is_host(value: Value) -> bool:
    """Whether Go reads the value, written out as a text, as a part of the host in a URL."""
    return not isinstance(value, dict | list) and not _NO_HOST.search(str(value))


def number(value: Value) -> int | None:
    """Returns a whole number, or a text that Go reads as one, also with `0x`, `0o`, `0b` and underscores."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 64 else None
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    octal = re.fullmatch(r"([+-]?)0([0-7_]+)", value)
    return int(f"{octal[1]}0o{octal[2]}" if octal else value, 0)
