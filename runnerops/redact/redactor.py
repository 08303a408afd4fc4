"""Takes secrets out of what is printed: values that are known, and whatever has the form of one. Pure."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from runnerops.redact.texts import MASK, format_spans, replace_spans

_SHORTEST = 4
"""Values shorter than this are not searched for in texts: `on` would mask half of every message."""


class Redactor:
    """Takes known secret values out of texts. Made where values become known; used where texts enter from a host.

    Threads share one: hosts are observed side by side.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._lines: frozenset[str] = frozenset()
        self._pattern: tuple[frozenset[str], re.Pattern[str]] = (frozenset(), re.compile(""))
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """More values; of a value of several lines each line counts."""
        lines = {line.strip() for value in values for line in value.splitlines()}
        known = {line for line in lines if len(line) >= _SHORTEST}
        with self._lock:
            self._lines |= known

    def text(self, text: str) -> str:
        """`text` without any of the values, and without what has a secret's form (userinfo in URLs, tokens, PEM keys)."""
        if self._lines:
            text = self._known().sub(MASK, text)
        return replace_spans(text, format_spans(text), lambda _: MASK)

    def _known(self) -> re.Pattern[str]:
        """Compiled when a text needs it, for values come from several files and hosts; always of all that is known now."""
        lines, pattern = self._pattern
        if lines is not self._lines:
            lines = self._lines
            pattern = re.compile("|".join(map(re.escape, sorted(lines, key=len, reverse=True))))
            self._pattern = (lines, pattern)
        return pattern

    def within(self, texts: Iterable[str]) -> frozenset[str]:
        """Lines of the values that stand in one of these texts."""
        whole = "\0".join(texts)
        return frozenset(line for line in self._lines if line in whole)
