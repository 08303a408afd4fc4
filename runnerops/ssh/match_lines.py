"""Decides each `Match` line of ssh_config once, where it stands. Pure.

The lines of an `Include` below it, and those that follow, are blocks of their own to paramiko. What is set meanwhile
must not change the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Condition: TypeAlias = dict[str, Any]
"""As paramiko has it: `type`, `param` and `negate`."""

DECIDED = "*,#"
"""Begins the pattern that gives a `Host` or `Match` line its number: the conditions from here to the next number are its
own. The pattern matches every host.
"""

ORIGINAL = ",#"
"""Ends the patterns of `Match originalhost`, and matches no host. `Host` lines have conditions of the same type, but are
compared with HostName when the files are read again.
"""


def all_hold(conditions: list[Condition], decided: dict[str, bool], holds: Callable[[Condition], bool]) -> bool:
    """Whether all conditions of a block hold. `decided` has the lines of this look-up that are decided already, and gets
    the others.
    """
    for number, own_conditions in _by_line(conditions):
        if number not in decided or not number:
            decided[number] = all(map(holds, own_conditions))
        if not decided[number]:
            return False
    return bool(conditions)


def _by_line(conditions: list[Condition]) -> list[tuple[str, list[Condition]]]:
    """The conditions of each line, with its number. Only `all`, and `!*` as the host, have none."""
    lines: list[tuple[str, list[Condition]]] = []
    for condition in conditions:
        is_number = str(condition["param"]).startswith(DECIDED)
        if is_number or not lines:
            lines.append((condition["param"] if is_number else "", []))
        if not is_number:
            lines[-1][1].append(condition)
    return lines
