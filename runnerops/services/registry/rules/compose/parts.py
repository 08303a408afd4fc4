"""Reads the parts of a Compose service, whichever of the two syntaxes they are written in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from runnerops.model.common import Tree, Value

REFUSED, REFUSES = "Compose refuses the whole file", "Docker refuses the container"
"""What a mistake leads to, at the end of a message."""


def mounts(service: Tree) -> Iterator[tuple[int, str, str]]:
    """Yields index, source (empty if anonymous) and target of each volume. Of several at one target, the last counts."""
    by_target: dict[str, tuple[int, str, str]] = {}
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, dict) and is_split(volume):
            ((source, path),) = volume.items()
            by_target[str(path)] = (index, source, str(path))
        elif isinstance(volume, dict):
            target = str(volume.get("target") or "")
            by_target[target] = (index, str(volume.get("source") or ""), target)
        elif isinstance(volume, str):
            parts = volume_parts(volume)
            source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
            by_target[target] = (index, source, target)
    yield from sorted(by_target.values())


@lru_cache(maxsize=1024)  # several rules ask, for each of many hosts
def volume_parts(volume: str) -> Sequence[str]:
    """`SOURCE:TARGET:MODE`; the colon behind a single letter, a drive of Windows, and one inside of a variable part nothing.

    Source: `ParseVolume` of compose-go, which takes a text of one or two bytes for a target.
    """
    if len(volume.encode("utf-8", "replace")) < 3:
        return (volume,)
    parts, depth = [""], 0
    for at, letter in enumerate(volume):
        depth += volume.startswith("${", at) - (letter == "}" and depth > 0)
        if letter == ":" and not depth and not (len(parts[-1]) == 1 and parts[-1].isalpha()):
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(parts)


def is_split(volume: Value) -> bool:
    """Whether a volume was meant in the short syntax, with a space after its colon: `./data: /data`."""
    if not isinstance(volume, dict) or len(volume) != 1:
        return False
    (name, value), *_ = volume.items()
    return isinstance(value, str) and ("/" in name or value.startswith("/")) and name not in {"source", "target"}


def environment(service: Tree) -> Iterator[tuple[str | int, str, str]]:
    """Yields the place under `environment`, the name and the value of each variable."""
    variables = service.get("environment")
    if isinstance(variables, dict):
        yield from ((name, name, "" if value is None else _text(value)) for name, value in variables.items())
    for index, item in enumerate(items(variables)):
        name, _, value = str(item).partition("=")
        yield index, name, value


def items(value: Value) -> list[Value]:
    """Returns the items of a list, and none of anything else."""
    return value if isinstance(value, list) else []


def mapping(value: Value) -> Tree:
    """Returns a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
