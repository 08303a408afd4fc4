"""The parts of a Compose service in one form, whichever of their syntaxes they are written in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runnerops.model.common import Tree, Value

_DRIVE = re.compile(r"(?:^|:)[A-Za-z]:(?=[\\/])")
_VARIABLE = re.compile(r"\$\{[^{}]*\}")


def mounts(service: Tree) -> Iterator[tuple[int, str, str]]:
    """Index, source (empty: anonymous) and target of each volume."""
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, dict):
            yield index, str(volume.get("source") or ""), str(volume.get("target") or "")
        elif isinstance(volume, str):
            parts = volume_parts(volume)
            yield (index, parts[0], parts[1]) if len(parts) > 1 else (index, "", parts[0])


def volume_parts(volume: str) -> list[str]:
    """`SOURCE:TARGET:MODE`; the colon of a drive of Windows or inside of a variable parts nothing."""
    hidden = _DRIVE.sub(
        lambda found: found[0].replace(":", "\0") if found[0][0] != ":" else f":{found[0][1]}\0", volume
    )
    hidden = _VARIABLE.sub(lambda found: found[0].replace(":", "\0"), hidden)
    return [part.replace("\0", ":") for part in hidden.split(":")]


def environment(service: Tree) -> Iterator[tuple[str | int, str, str]]:
    """Place under `environment`, name and value of each variable."""
    found = service.get("environment")
    if isinstance(found, dict):
        yield from ((name, name, "" if value is None else _text(value)) for name, value in found.items())
    for index, item in enumerate(items(found)):
        name, _, value = str(item).partition("=")
        yield index, name, value


def items(value: Value) -> list[Value]:
    """The items of a list; of anything else none."""
    return value if isinstance(value, list) else []


def mapping(value: Value) -> Tree:
    """A mapping; of anything else an empty one."""
    return value if isinstance(value, dict) else {}


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
