"""Shows secrets that are missing in one line of the inventory, one for each host, together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runnerops.model.host_names import first_few
from runnerops.model.plan import Finding

_RULE = "S001"
_NAMED = 10
"""How many of them, or ranges, are named. The others are counted."""


def merge_missing_secrets(found: Iterable[Finding]) -> list[Finding]:
    """The findings. Those about secrets of one line that are missing for the same reason are one, at the first one's
    place.
    """
    alike: dict[object, list[Finding]] = {}
    for finding in found:
        why = finding.message.partition(": ")[2]
        about = replace(finding, message=why, fix="") if finding.rule == _RULE else finding
        alike.setdefault(about, []).append(finding)
    return [_of(block) for block in alike.values()]


def _of(block: list[Finding]) -> Finding:
    """`!env X_[01:40]: not set`, with how to set the first of them."""
    first = block[0]
    if len(block) == 1 or first.rule != _RULE:
        return first
    names = first_few([one.message.partition(": ")[0] for one in block], _NAMED)
    return replace(first, message=f"{names}: {first.message.partition(': ')[2]}")
