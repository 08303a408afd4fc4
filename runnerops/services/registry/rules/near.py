"""Keys that a registry does not read: what they are a slip of, and where they belong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from runnerops.model.common import Key, Tree
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema import Shape


def near_key(name: str, known: Iterable[str]) -> str:
    """The known key that a name is a slip of: nearly the same letters, its beginning, or the same but for `_` and `-`."""
    plain, names = re.sub(r"[_-]", "", name).lower(), [one for one in known if one != "*"]
    if found := get_close_matches(plain, names, 1, 0.75):
        return found[0]
    return next(
        (
            one
            for one in names
            if len(plain) >= 4 and (one.startswith(plain) or (plain.startswith(one) and len(one) >= 4))
        ),
        "",
    )


def places_of(shape: Mapping[str, Shape], key: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key that has a name."""
    for name, inner in shape.items():
        if name != "*":
            yield (*key, name)
            if isinstance(inner, dict):
                yield from places_of(inner, (*key, name))


def unread(
    known: Mapping[int, frozenset[str]] | None, given: Tree, major: int, key: Key, *, any_case: bool = False
) -> Found:
    """Keys of a table that takes any. `known`: what each major version reads of it; None where nothing is known."""
    if known is None:
        return
    every = frozenset[str]().union(*known.values())
    read = known.get(major, every)
    for name in given:
        plain = name.lower() if any_case else name
        if plain in read:
            continue
        if plain in every:
            yield "C001", "warning", (*key, name), f"registry {major} ignores it", "take it out"
        elif near := near_key(name, sorted(read)):
            yield "C001", "error", (*key, name), f"unknown key, did you mean '{near}'?", f"write {near}"
        else:
            yield "C001", "warning", (*key, name), "unknown key, which the registry ignores", "take it out"
