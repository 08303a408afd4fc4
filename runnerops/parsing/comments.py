"""Comments of TOML and YAML files, by the key that they are about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runnerops.model.common import Key, SourceLocation

_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|(?:(?<=\s)|^)#.*')
"""Strings, and what is no part of one: a comment begins behind a space, in YAML it must."""


def comments_by_key(text: str, places: Mapping[Key, SourceLocation]) -> dict[Key, tuple[str, ...]]:
    """The lines directly above a key, and the end of its own line, each without its `#`. `places` is of this text."""
    lines = text.splitlines()
    keys: dict[int, list[Key]] = {}
    for key, place in places.items():
        keys.setdefault(place.line, []).append(key)
    found: dict[Key, tuple[str, ...]] = {}
    for number, here in keys.items():
        line = lines[number - 1]
        key = max(here, key=len) if line.lstrip().startswith("[") else min(here, key=len)
        if said := (*reversed(list(_above(lines[: number - 1]))), *_behind(line)):
            found[key] = said
    return found


def _above(lines: list[str]) -> Iterator[str]:
    """From the nearest upwards. A line that ends a string of many lines is none."""
    for line in reversed(lines):
        text = line.strip()
        if not text.startswith("#") or "'''" in text or '"""' in text:
            return
        yield _bare(text)


def _behind(line: str) -> Iterator[str]:
    if "'''" in line or '"""' in line:
        return
    for match in _OUTSIDE.finditer(line):
        if match[0].startswith("#") and line[: match.start()].strip():
            yield _bare(match[0])


def _bare(text: str) -> str:
    return text.lstrip("#").strip()
