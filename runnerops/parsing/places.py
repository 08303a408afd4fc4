"""Finds the places of keys in a file of any format. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, SourceLocation
from runnerops.model.inventory import Format


def places_in(form: Format, text: str, file: str) -> Mapping[Key, SourceLocation]:
    """The place of every key. The parser of the format must have accepted `text`."""
    if form == "json":
        from runnerops.parsing import json_places as reader  # noqa: PLC0415  a file has one format
    elif form == "toml":
        from runnerops.parsing import toml_places as reader  # type: ignore[no-redef]  # noqa: PLC0415
    else:
        from runnerops.parsing import yaml_places as reader  # type: ignore[no-redef]  # noqa: PLC0415
    return reader.places(text, file)


def nearest(places: Mapping[Key, SourceLocation], key: Key, file: str) -> SourceLocation:
    """The place of a key in upper or lower case; otherwise of the nearest key around it, or of the first key."""
    while key and key not in places:
        same = next(
            (place for place_key, place in places.items() if _without_case(place_key) == _without_case(key)), None
        )
        if same:
            return same
        key = key[:-1]
    return places.get(key) or next(iter(places.values()), SourceLocation(file, 1, 1))


def _without_case(key: Key) -> Key:
    return tuple(part.lower() if isinstance(part, str) else part for part in key)
