"""Problems of an inventory, which are collected first and then raised together. Pure."""

from __future__ import annotations

from dataclasses import field

from runnerops.errors import InventoryError
from runnerops.frozen import frozen, mutable
from runnerops.model.common import Key, SourceLocation


@frozen
class Problem:
    """One thing to fix. `path` is the dotted key (empty: the text itself is invalid), `hint` the fix."""

    location: SourceLocation
    path: str
    text: str
    hint: str = ""

    @property
    def message(self) -> str:
        """What is wrong, without the place."""
        return f"{self.path}: {self.text}" if self.path else self.text

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


@mutable
class Problems:
    """Collects all problems that can be found at once. A problem that many hosts inherit counts once."""

    noted: list[Problem] = field(default_factory=list)

    def add(self, location: SourceLocation, path: str, text: str, hint: str = "") -> None:
        """Adds a problem, unless the same one was found at the same place."""
        if not any(old.location == location and old.text == text for old in self.noted):
            self.noted.append(Problem(location, path, text, hint))

    def stop(self) -> None:
        """Raises InventoryError if anything was found: one problem per line, in the order of the files."""
        if self.noted:
            files = list(dict.fromkeys(problem.location.file for problem in self.noted))
            ordered = sorted(
                self.noted,
                key=lambda item: (files.index(item.location.file), item.location.line, item.location.column),
            )
            hints = {problem.hint for problem in ordered if problem.hint}
            places = [(problem.location, problem.message, problem.hint) for problem in ordered]
            raise InventoryError("\n".join(map(str, ordered)), hints.pop() if len(hints) == 1 else "", places)


NAMES = ("vars", "host")
"""The names that an expression can use."""


class ExpressionError(Exception):
    """What is wrong with an expression, and the fix. Neither contains a value."""

    def __init__(
        self, text: str, hint: str = "write `!raw` before the text if it is not meant as an expression"
    ) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def dotted(key: Key) -> str:
    """A key in the form for people: `hosts.runner-1.registry.caches[0].listen`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
