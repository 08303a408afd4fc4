"""Names of hosts in Ansible's notation: with ranges, with a port, IPv6 addresses in brackets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv6Address
from itertools import product
from math import prod

from runnerops.patterns import late_pattern

_RANGE = late_pattern(r"\[(\w+):(\w+)(?::(\d+))?\]", re.ASCII)
_PORT = late_pattern(r"(?P<name>(?:[^:\[\]]|\[[^\]]*\])+):(?P<port>[0-9]+)")
MOST = 10_000
"""The most hosts that one pattern may stand for."""


def expanded(pattern: str) -> Iterator[str]:
    """The names that a pattern with ranges, such as `web[01:10]` or `[a:c]`, stands for. Raises ValueError."""
    parts: list[Sequence[str]] = []
    at = 0
    for match in _RANGE.finditer(pattern):
        parts += [[pattern[at : match.start()]], list(_range(match[1], match[2], int(match[3] or 1)))]
        at = match.end()
    if prod(map(len, parts)) > MOST:
        raise ValueError
    for pieces in product(*parts, [pattern[at:]]):
        yield "".join(pieces)


def split_port(pattern: str) -> tuple[str, str]:
    """A pattern without its port and without the brackets of an IPv6 address; and the port, or an empty text."""
    match = _PORT.fullmatch(pattern)
    name, port = (match["name"], match["port"]) if match else (pattern, "")
    if name.startswith("[") and name.endswith("]"):
        with suppress(ValueError):  # otherwise it is a range
            return str(IPv6Address(name[1:-1])), port
    return name, port


def _range(first: str, last: str, step: int) -> Iterator[str]:
    if first.isdigit() and last.isdigit() and step:
        if (int(last) - int(first)) // step >= MOST:
            raise ValueError
        yield from (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1, step))
    elif len(first) == len(last) == 1 and step:
        yield from map(chr, range(ord(first), ord(last) + 1, step))
    else:
        raise ValueError
