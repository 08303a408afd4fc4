"""The findings of `verify`, as text and as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.report.text import Line
from runnerops.services.verify import Check

_WORDS = {"pass": ("plain", "ok"), "fail": ("bad", "FAIL"), "skip": ("warn", "skipped")}
_COLUMN = 2 + max(len(word) for _, word in _WORDS.values()) + 2


def check_lines(check: Check) -> Iterator[Line]:
    """The check, and if there is more to say, the reason and a command to type. The command is never wrapped."""
    style, word = _WORDS[check.state]
    yield style, f"  {word}".ljust(_COLUMN) + check.what
    if check.reason:
        yield "plain", " " * _COLUMN + check.reason
    if check.fix:
        yield "verbatim", f"{' ' * _COLUMN}fix: {check.fix}"


def summary_line(checks: Sequence[Check]) -> Line:
    """The line that sums up the checks of one host."""
    failed = sum(check.state == "fail" for check in checks)
    skipped = sum(check.state == "skip" for check in checks)
    if not checks:
        return "warn", "nothing to verify: it has no cache, no mirror and no runner"
    words = f"{len(checks) - failed - skipped} of {len(checks)} checks passed"
    words += f", {failed} failed" if failed else ""
    words += f", {skipped} skipped" if skipped else ""
    return ("bad" if failed else "good"), words


def check_document(check: Check) -> dict[str, Any]:
    """One check as JSON values."""
    return {
        "check": check.name,
        "service": check.service.value,
        "what": check.what,
        "state": check.state,
        "reason": check.reason,
        "fix": check.fix,
    }
