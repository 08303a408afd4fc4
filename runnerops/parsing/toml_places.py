"""Finds the place of each key in a TOML document, and the features of TOML 1.1 in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import tomli

from runnerops.frozen import frozen
from runnerops.model.common import Key, SourceLocation
from runnerops.parsing.cursor import Cursor
from runnerops.patterns import late_pattern

_SPACE = late_pattern(r"[ \t]*")
_BLANK = late_pattern(r"(?:[ \t\r\n]|#[^\n]*)*")
_LINE_END = late_pattern(r"[^\n]*")
_BARE = late_pattern(r"[A-Za-z0-9_-]+")
_QUOTED = late_pattern(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_TEXT = late_pattern(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?' r"|'''.*?'''(?:'{1,2}(?!'))?" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = late_pattern(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")
"""A date and its time may be separated by one space."""

_BREAK = late_pattern(r"\r?\n|#")
_ESCAPE = late_pattern(r"(?:[^\\]|\\[^ex])*\\[ex]", re.DOTALL)
_SHORT_TIME = late_pattern(r"(?:\d{4}-\d\d-\d\d[Tt ])?\d\d:\d\d(?:[Zz]|[+-]\d\d:\d\d)?")


@frozen
class Newer:
    """A feature of TOML 1.1 that 1.0 rejects: its offset, what it is, and how to write it in 1.0."""

    at: int
    what: str
    fix: str


_LINES = ("an inline table of several lines", "write it in one line, or as a [table] of its own")
_COMMA = ("a comma at the end of an inline table", "take the comma out")
_ESCAPED = ("an escape such as \\e or \\x1b", "write \\u001b")
_SHORT = ("a time without seconds", "write its seconds too")


def places(text: str, file: str) -> dict[Key, SourceLocation]:
    """The place of every key and of every item of a list. A table has the place of its first heading. `text` is valid
    TOML.
    """
    reader = _Reader(Cursor(text, file))
    reader.document()
    return reader.found


@lru_cache(maxsize=64)
def newer(text: str) -> Newer | None:
    """The first feature in a valid text that TOML 1.0 rejects; None if the text is TOML 1.0."""
    reader = _Reader(Cursor(text, ""))
    reader.document()
    return min(reader.newer, key=lambda item: item.at, default=None)


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._counts: dict[Key, int] = {}
        """The number of tables in each array of tables so far."""
        self.found: dict[Key, SourceLocation] = {}
        self.newer: list[Newer] = []

    def document(self) -> None:
        cursor, table = self._cursor, ()
        heading: Key = table
        while True:
            cursor.skip(_BLANK)
            if not cursor.ahead:
                return
            if cursor.ahead == "[":
                heading = self._heading()
            else:
                self._pair(heading)
            cursor.skip(_LINE_END)

    def _heading(self) -> Key:
        cursor = self._cursor
        many = cursor.text.startswith("[[", cursor.at)
        cursor.move(2 if many else 1)
        key: Key = ()
        parts = self._parts()
        for index, (part, place) in enumerate(parts):
            key = (*key, part)
            last = index == len(parts) - 1
            self.found.setdefault(key, place)
            if last and many:
                self._counts[key] = self._counts.get(key, 0) + 1
            if key in self._counts:
                key = (*key, self._counts[key] - 1)
                self.found.setdefault(key, place)
        return key

    def _parts(self) -> list[tuple[str, SourceLocation]]:
        """The parts of a dotted key, each with its place."""
        cursor = self._cursor
        parts: list[tuple[str, SourceLocation]] = []
        while True:
            cursor.skip(_SPACE)
            place = cursor.location()
            if cursor.ahead in {'"', "'"}:
                parts.append((next(iter(tomli.loads(f"{self._text(_QUOTED)} = 1"))), place))
            else:
                parts.append((cursor.take(_BARE), place))
            cursor.skip(_SPACE)
            if cursor.ahead != ".":
                return parts
            cursor.move(1)

    def _pair(self, table: Key) -> None:
        key = table
        for part, place in self._parts():
            key = (*key, part)
            self.found.setdefault(key, place)
        self._cursor.move(1)  # the equals sign
        self._value(key)

    def _value(self, key: Key) -> None:
        cursor = self._cursor
        cursor.skip(_BLANK)
        if cursor.ahead == "[":
            self._list(key)
        elif cursor.ahead == "{":
            self._inline(key)
        elif cursor.ahead in {'"', "'"}:
            self._text(_TEXT)
        else:
            at = cursor.at
            if _SHORT_TIME.fullmatch(cursor.take(_SCALAR)):
                self.newer.append(Newer(at, *_SHORT))

    def _text(self, pattern: re.Pattern[str]) -> str:
        at, text = self._cursor.at, self._cursor.take(pattern)
        if text.startswith('"') and _ESCAPE.match(text):
            self.newer.append(Newer(at, *_ESCAPED))
        return text

    def _list(self, key: Key) -> None:
        for index, _ in enumerate(self._items("]")):
            self.found[*key, index] = self._cursor.location()
            self._value((*key, index))

    def _inline(self, key: Key) -> None:
        for _ in self._items("}"):
            self._pair(key)

    def _items(self, end: str) -> Iterator[None]:
        """Moves to each item of a list or inline table, and finally past its end."""
        cursor, comma = self._cursor, -1
        cursor.move(1)
        while True:
            begin = cursor.at
            cursor.skip(_BLANK)
            if end == "}" and (line := _BREAK.search(cursor.text, begin, cursor.at)):
                self.newer.append(Newer(line.start(), *_LINES))
            if cursor.ahead in {end, ""}:
                if end == "}" and comma >= 0:
                    self.newer.append(Newer(comma, *_COMMA))
                cursor.move(1)
                return
            if cursor.ahead == ",":
                comma = cursor.at
                cursor.move(1)
            else:
                comma = -1
                yield
