"""The place where a finding can be fixed: the line of the template or the inventory from which its value comes.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from runnerops.model.common import Key, SourceLocation
from runnerops.model.inventory import FileSpec, Host
from runnerops.services import service_of


class Origins(Protocol):
    """Places in a template of the project, by the keys that it renders."""

    def fixed(self, key: Key) -> SourceLocation | None:
        """The place of a key whose value is written in the template, whatever the inventory says."""

    def written(self, key: Key) -> SourceLocation | None:
        """The place of a key in a dictionary of the template, or else of the expression that gives its value."""


def place_of_key(host: Host, spec: FileSpec, key: Key, origins: Origins | None) -> SourceLocation | None:
    """The place of the key, or for a missing key that of the nearest key around it. None: the inventory has
    no places.
    """
    for above in _upwards(key):
        sources = service_of(spec.service).source_keys(host, spec, above)
        if origins and (location := origins.fixed(above)):
            return location
        for source in sources:
            if source and (location := host.locations.get((spec.service.value, *source))):
                return location
        if origins and above and (location := origins.written(above)):
            return location
    return host.location(spec.service, ())


def _upwards(key: Key) -> Iterator[Key]:
    while key:
        yield key
        key = key[:-1]
    yield key
