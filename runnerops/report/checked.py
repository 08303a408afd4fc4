"""What `check` shows: missing secrets of many hosts as one finding, and a last line that counts the findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from runnerops.model.host_names import first_few
from runnerops.model.plan import Finding
from runnerops.report.text import NAMED, Line

_RULE = "S001"
_NAMED_SECRETS = 10
"""How many missing secrets, or ranges of them, are named. The others are counted."""
_SEVERITIES = ("error", "warning")


def checked_line(noun: str, by_name: Mapping[str, Sequence[Finding]], shown: Sequence[Finding]) -> Line:
    """`40 hosts checked: 1 error (runner-07), 2 warnings on all hosts`. A finding that many hosts have is shown and
    counted once, so the hosts are told too. `noun`: host or file.
    """
    counts = {severity: sum(finding.severity == severity for finding in shown) for severity in _SEVERITIES}
    ignored = sum(bool(finding.ignored) for finding in shown)
    words = [f"{_count(counts[severity], severity)}{_where(severity, noun, by_name)}" for severity in _SEVERITIES]
    words += [f"{ignored} ignored"] if ignored else []
    style = "bad" if counts["error"] else "warn" if counts["warning"] else "good"
    return style, f"{_count(len(by_name), noun)} checked: {', '.join(words)}"


def _where(severity: str, noun: str, by_name: Mapping[str, Sequence[Finding]]) -> str:
    names = [name for name, findings in by_name.items() if any(finding.severity == severity for finding in findings)]
    if len(by_name) == 1 or not names or noun != "host":
        return ""
    if len(names) == 1:
        return f" ({names[0]})"
    return " on all hosts" if len(names) == len(by_name) else f" on {len(names)} hosts ({first_few(names, NAMED)})"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def merge_missing_secrets(findings: Iterable[Finding]) -> list[Finding]:
    """The findings. Secrets of one line of the inventory that are missing on many hosts for the same reason are one
    finding, at the place of the first.
    """
    alike: dict[object, list[Finding]] = {}
    for finding in findings:
        why = finding.message.partition(": ")[2]
        about = replace(finding, message=why, fix="") if finding.rule == _RULE else finding
        alike.setdefault(about, []).append(finding)
    return [_merged(block) for block in alike.values()]


def _merged(block: list[Finding]) -> Finding:
    """`!env X_[01:40]: not set`, with how to set the first of them."""
    first = block[0]
    if len(block) == 1 or first.rule != _RULE:
        return first
    names = first_few([finding.message.partition(": ")[0] for finding in block], _NAMED_SECRETS)
    return replace(first, message=f"{names}: {first.message.partition(': ')[2]}")
