"""Takes secrets out of what is printed: values that are known, and whatever has the form of one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runnerops.redact.texts import MASK, format_spans, replace_spans

_SHORTEST = 4
"""Values shorter than this are not searched for in texts: `on` would mask half of every message."""


class Redactor:
    """Takes known secret values out of texts. Made where values become known; used where texts enter from a host."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lines: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """More values; of a value of several lines each line counts."""
        lines = {line.strip() for value in values for line in value.splitlines()}
        self._lines |= {line for line in lines if len(line) >= _SHORTEST}
        longest_first = sorted(self._lines, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """`text` without any of the values, and without what has a secret's form (userinfo in URLs, tokens, PEM keys)."""
        if self._pattern:
            text = self._pattern.sub(MASK, text)
        return replace_spans(text, format_spans(text), lambda _: MASK)

    @property
    def lines(self) -> tuple[str, ...]:
        """The values, one line each, for the host's own filter."""
        return tuple(sorted(self._lines))
