"""Finds the place of each key in a JSON document. Pure."""

from __future__ import annotations

import re

from runnerops.model.common import Key, SourceLocation
from runnerops.parsing.cursor import Cursor
from runnerops.patterns import late_pattern

_STRING = late_pattern(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = late_pattern(r"[^\s,\]}]+")
_SPACE = late_pattern(r"[ \t\r\n]*")


def places(text: str, file: str) -> dict[Key, SourceLocation]:
    """The place of every key and of every item of a list. A repeated key has the place of its last occurrence. `text`
    is valid JSON.
    """
    reader = _Reader(Cursor(text, file))
    reader.value(())
    return reader.found


def repeated(text: str, file: str) -> list[tuple[Key, SourceLocation, int]]:
    """Repeated keys of an object, each with its second place and the line of its first. Go uses the last of them, while
    people read the first.
    """
    reader = _Reader(Cursor(text, file))
    reader.value(())
    return reader.repeated


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.found: dict[Key, SourceLocation] = {}
        self.repeated: list[tuple[Key, SourceLocation, int]] = []

    def value(self, key: Key) -> None:
        cursor = self._cursor
        cursor.skip(_SPACE)
        if cursor.ahead == "{":
            self._items(key, "}", has_keys=True)
        elif cursor.ahead == "[":
            self._items(key, "]", has_keys=False)
        elif cursor.ahead == '"':
            cursor.take(_STRING)
        else:
            cursor.take(_SCALAR)

    def _items(self, key: Key, end: str, *, has_keys: bool) -> None:
        cursor = self._cursor
        cursor.move(1)
        index = 0
        while True:
            cursor.skip(_SPACE)
            if cursor.ahead in {end, ""}:
                cursor.move(1)
                return
            if cursor.ahead == ",":
                cursor.move(1)
                continue
            place = cursor.location()
            part: str | int = index
            if has_keys:
                part = _name(cursor.take(_STRING))
                cursor.skip(_SPACE)
                cursor.move(1)
            if earlier := self.found.get((*key, part)):
                self.repeated.append(((*key, part), place, earlier.line))
            self.found[*key, part] = place
            self.value((*key, part))
            index += 1


def _name(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted[1:-1]
    import json  # noqa: PLC0415  names with escapes are rare

    return str(json.loads(quoted))
