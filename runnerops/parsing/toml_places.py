"""Where each key of a TOML document stands. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from runnerops.model.common import Key, SourceLocation
from runnerops.parsing.cursor import Cursor
from runnerops.parsing.toml_newer import older

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LINE_END = re.compile(r"[^\n]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?' r"|'''.*?'''(?:'{1,2}(?!'))?" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")
"""A date and a time may have one space between them."""


def places(text: str, file: str) -> dict[Key, SourceLocation]:
    """The place of every key, and of every item of a list; of a table, that of its first heading. `text` is valid TOML."""
    reader = _Reader(Cursor(text, file))
    reader.document()
    return reader.found


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._counts: dict[Key, int] = {}
        """How many tables each list of tables has so far."""
        self.found: dict[Key, SourceLocation] = {}

    def document(self) -> None:
        cursor, table = self._cursor, ()
        here: Key = table
        while True:
            cursor.skip(_BLANK)
            if not cursor.ahead:
                return
            if cursor.ahead == "[":
                here = self._heading()
            else:
                self._pair(here)
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
        found: list[tuple[str, SourceLocation]] = []
        while True:
            cursor.skip(_SPACE)
            place = cursor.location()
            if cursor.ahead in {'"', "'"}:
                quoted = cursor.take(_QUOTED)
                found.append((next(iter(tomllib.loads(older(f"{quoted} = 1").text))), place))
            else:
                found.append((cursor.take(_BARE), place))
            cursor.skip(_SPACE)
            if cursor.ahead != ".":
                return found
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
            cursor.take(_TEXT)
        else:
            cursor.take(_SCALAR)

    def _list(self, key: Key) -> None:
        for index, _ in enumerate(self._items("]")):
            self.found[*key, index] = self._cursor.location()
            self._value((*key, index))

    def _inline(self, key: Key) -> None:
        for _ in self._items("}"):
            self._pair(key)

    def _items(self, end: str) -> Iterator[None]:
        """Moves to each item of a list or of an inline table in turn, and at last behind its end."""
        cursor = self._cursor
        cursor.move(1)
        while True:
            cursor.skip(_BLANK)
            if cursor.ahead in {end, ""}:
                cursor.move(1)
                return
            if cursor.ahead == ",":
                cursor.move(1)
            else:
                yield
