"""Regular expressions that are compiled when they are first used. Pure.

A command loads some 160 of them and uses 70. Compiling the others would take it as long as rendering all files of a host.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr


def late_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`. What is wrong in the text is only told when the pattern is first used."""
    made: Any = _Pattern(text, flags)
    return made  # type: ignore[no-any-return]


class _Pattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled pattern, which is an attribute of this one from then on."""
        method = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, method)
        return method
