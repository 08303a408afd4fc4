"""A position in a text, with its line and column. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right

from runnerops.model.common import SourceLocation


class Cursor:
    """Moves over `text` of `file`, a piece at a time."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.at = 0
        self._file = file
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    @property
    def ahead(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def move(self, count: int) -> None:
        """Moves over that many characters."""
        self.at += count

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Over what matches here, if anything does."""
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        """What matches here; one character where nothing does, so that no text makes a reader stand still."""
        found = pattern.match(self.text, self.at)
        end = found.end() if found and found.end() > self.at else self.at + 1
        start, self.at = self.at, end
        return self.text[start:end]

    def location(self, at: int | None = None) -> SourceLocation:
        """Line and column, counted from 1, of a position (the present one)."""
        position = self.at if at is None else at
        line = bisect_right(self._starts, position)
        return SourceLocation(self._file, line, position - self._starts[line - 1] + 1)
