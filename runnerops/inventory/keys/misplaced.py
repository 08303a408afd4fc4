"""Where a key of the inventory belongs that stands in the wrong place. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from runnerops.inventory.keys.shape import InventoryShape, LayerShape
from runnerops.inventory.keys.typed import Kind, Shape, UnknownKey, key_of, kinds_of, options_of
from runnerops.model.common import Key

_MOST = 2
"""In how many places a key may be known. One that is known in more of them says little, for example `name`."""


def misplaced(unknown_key: UnknownKey, key: Key) -> tuple[str, str] | None:
    """What a message says about an unknown key that is known elsewhere, and the fix. `key` is its whole place."""
    word = str(key[-1])
    if len(key) == 3 and key[0] == "hosts" and key[1] in _names(LayerShape):
        return (
            f"unknown key: {key[1]} is taken for the name of a host here",
            f"indent {key[1]} below the name of its host",
        )
    if issubclass(unknown_key.shape, LayerShape) and word in _names(InventoryShape):
        return "unknown key, which belongs at the top of the inventory", f"write `{word}:` at the top, not indented"
    places = [*_below(unknown_key.shape, word)]
    if not places and issubclass(unknown_key.shape, LayerShape):
        places = [*_sections(word)]
    if 0 < len(places) <= _MOST:
        shown = " or ".join(f"{place}: {form}" for place, form in places)
        return f"unknown key, which belongs below {' or '.join(place for place, _ in places)}", f"write {shown}"
    if issubclass(unknown_key.shape, InventoryShape):
        return "unknown key", "write `hosts:`, and below it, indented, the name of each host"
    return None


def _names(shape: Kind) -> set[str]:
    return {key_of(name) for name in kinds_of(shape)}


def _below(shape: Kind, word: str) -> Iterator[tuple[str, str]]:
    """The keys of a shape whose values have this key, each with the form of the value."""
    for name, kind in kinds_of(shape).items():
        for inner, listed in _shapes(kind):
            if word in _names(inner):
                yield key_of(name), f"[{{{word}: …}}]" if listed else f"{{{word}: …}}"


def _shapes(kind: Kind) -> Iterator[tuple[type[Shape], bool]]:
    """The shapes that a value of this type may have, each with whether they are in a list."""
    for option in options_of(kind):
        origin: Any = get_origin(option)
        if origin is Annotated:
            yield from _shapes(get_args(option)[0])
        elif origin is list:
            yield from ((inner, True) for inner, _ in _shapes(get_args(option)[0]))
        elif isinstance(option, type) and issubclass(option, Shape):
            yield option, False


def _sections(word: str) -> Iterator[tuple[str, str]]:
    """The sections that pass this key on to their managed system."""
    from runnerops.services.docker.schema import KEYS  # noqa: PLC0415  only for a mistake
    from runnerops.services.gitlab_runner.schema import TABLES  # noqa: PLC0415

    if word in KEYS:
        yield "docker", f"{{{word}: …}}"
    if word in TABLES["config"]:
        yield "gitlab_runner", f"{{{word}: …}}"
