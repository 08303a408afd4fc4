"""Removes secrets from what is printed: known values, and texts that have the form of a secret. Pure."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from runnerops.redact.texts import MASK, format_spans, replace_spans

_SHORTEST = 4
"""Shorter values are not searched for in texts, because `on` would mask half of every message."""


class Redactor:
    """Removes known secret values from texts that come from a host or a program.

    Threads share one Redactor, because hosts are observed at the same time.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._lines: frozenset[str] = frozenset()
        self._pattern: tuple[frozenset[str], re.Pattern[str]] = (frozenset(), re.compile(""))
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """Adds values. Each line of a value with several lines is added."""
        lines = {line.strip() for value in values for line in value.splitlines()}
        long_lines = {line for line in lines if len(line) >= _SHORTEST}
        with self._lock:
            self._lines |= long_lines

    def text(self, text: str) -> str:
        """`text` without these values, and without texts in the form of a secret (logins in URLs, tokens, PEM keys)."""
        if self._lines:
            text = self._known().sub(MASK, text)
        return replace_spans(text, format_spans(text), lambda _: MASK)

    def _known(self) -> re.Pattern[str]:
        """A pattern of all values known by now. It is compiled when needed, because values are added from several files
        and hosts.
        """
        lines, pattern = self._pattern
        if lines is not self._lines:
            lines = self._lines
            pattern = re.compile("|".join(map(re.escape, sorted(lines, key=len, reverse=True))))
            self._pattern = (lines, pattern)
        return pattern

    def within(self, texts: Iterable[str]) -> frozenset[str]:
        """The lines of the values that occur in one of these texts."""
        joined = "\0".join(texts)
        return frozenset(line for line in self._lines if line in joined)
