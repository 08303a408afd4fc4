"""The last line of `check`: how many findings were shown, and on which hosts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.model.host_names import first_few
from runnerops.model.plan import Finding
from runnerops.report.text import NAMED, Line

_SEVERITIES = ("error", "warning")


def checked_line(noun: str, by_name: Mapping[str, Sequence[Finding]], shown: Sequence[Finding]) -> Line:
    """`40 hosts checked: 1 error (runner-07), 2 warnings on all hosts`. A finding that many hosts have is shown and
    counted once, so the hosts are told too. `noun`: host or file.
    """
    counts = {severity: sum(one.severity == severity for one in shown) for severity in _SEVERITIES}
    ignored = sum(bool(one.ignored) for one in shown)
    words = [f"{_count(counts[one], one)}{_where(one, noun, by_name)}" for one in _SEVERITIES]
    words += [f"{ignored} ignored"] if ignored else []
    style = "bad" if counts["error"] else "warn" if counts["warning"] else "good"
    return style, f"{_count(len(by_name), noun)} checked: {', '.join(words)}"


def _where(severity: str, noun: str, by_name: Mapping[str, Sequence[Finding]]) -> str:
    names = [name for name, found in by_name.items() if any(one.severity == severity for one in found)]
    if len(by_name) == 1 or not names or noun != "host":
        return ""
    if len(names) == 1:
        return f" ({names[0]})"
    return " on all hosts" if len(names) == len(by_name) else f" on {len(names)} hosts ({first_few(names, NAMED)})"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"
