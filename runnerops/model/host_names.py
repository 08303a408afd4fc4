"""Names of many hosts in short, written as ranges like those of the inventory. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runnerops.patterns import late_pattern

_NUMBERED = late_pattern(r"(.*?)([0-9]+)", re.DOTALL)


def by_number(name: str) -> list[tuple[int, str]]:
    """A key for sorting names, so that `runner-9` comes before `runner-10`."""
    return [(int(text), "") if text.isdecimal() else (-1, text) for text in re.split(r"([0-9]+)", name)]


def brief(names: Sequence[str]) -> list[str]:
    """The same hosts in the same order. Three or more with consecutive numbers become a range."""
    return [word for word, _ in _words(names)]


def first_few(names: Sequence[str], most: int) -> str:
    """The first `most` words of `brief`, and the number of the remaining hosts."""
    words = _words(names)
    left = sum(hosts for _, hosts in words[most:])
    return ", ".join(word for word, _ in words[:most]) + (f" and {left} more" if left else "")


def _words(names: Sequence[str]) -> list[tuple[str, int]]:
    """Each word, with the number of hosts that it stands for."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return [
        word for run in runs for word in ([(_range(run), len(run))] if len(run) > 2 else [(name, 1) for name in run])
    ]


def _range(run: Sequence[str]) -> str:
    match = _NUMBERED.fullmatch(run[0])
    head = match[1] if match else ""
    return f"{head}[{run[0][len(head) :]}:{run[-1][len(head) :]}]"


def _follows(run: Sequence[str], name: str) -> bool:
    """Whether the name follows the last of these in a range."""
    first, last, current = (_NUMBERED.fullmatch(text) for text in (run[0], run[-1], name))
    if not (first and last and current) or current[1] != last[1]:
        return False
    width = len(first[2]) if first[2].startswith("0") else 0
    return current[2] == str(int(last[2]) + 1).zfill(width)
