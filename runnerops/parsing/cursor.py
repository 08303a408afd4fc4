"""A position in a text, with its line and column. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right

from runnerops.model.common import SourceLocation


class Cursor:
    """Moves over `text`, the content of `file`."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.at = 0
        self._file = file
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    @property
    def ahead(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def move(self, count: int) -> None:
        """Moves over this number of characters."""
        self.at += count

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Moves over what matches here, if anything does."""
        if match := pattern.match(self.text, self.at):
            self.at = match.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        """Moves over what matches here and returns it. If nothing does, one character, so that no text can make a
        reader loop.
        """
        match = pattern.match(self.text, self.at)
        end = match.end() if match and match.end() > self.at else self.at + 1
        start, self.at = self.at, end
        return self.text[start:end]

    def location(self, at: int | None = None) -> SourceLocation:
        """The line and column of an offset, counted from 1; by default of the current one."""
        position = self.at if at is None else at
        line = bisect_right(self._starts, position)
        return SourceLocation(self._file, line, position - self._starts[line - 1] + 1)
