"""Regular expressions that are compiled when they are first used. Pure.

A command imports some 160 of them and uses 70. Compiling the others would take as long as rendering all files of a
host.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr


def late_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Like `re.compile`, but an error in the pattern is only raised at its first use."""
    made: Any = _Pattern(text, flags)
    return made  # type: ignore[no-any-return]


class _Pattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Looks up a method of the compiled pattern, and keeps it as an attribute of this object."""
        method = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, method)
        return method
