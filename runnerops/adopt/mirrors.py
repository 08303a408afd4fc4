"""The one key that the inventory fills in by itself: said of an adopted host only where it would be another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runnerops.adopt.entry import Entry
from runnerops.adopt.place import Place
from runnerops.errors import RunneropsError
from runnerops.inventory import load, the_host
from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import Inventory
from runnerops.services.docker.schema import mirrors_of

_KEY = "registry-mirrors"


def with_own_mirrors(place: Place, entry: Entry) -> Entry:
    """The daemon's mirrors left out where they are filled in as they are; said, be it that there are none, elsewhere."""
    section = entry.sections.get(ServiceName.DOCKER)
    if section is None:
        return entry
    bare: Tree = {name: value for name, value in section.items() if name != _KEY}
    without = entry.with_section(ServiceName.DOCKER, bare)
    there, filled = mirrors_of(section.get(_KEY)), _filled_in(place, without)
    if filled is not None and filled == there:
        return without
    if there or not filled:
        return entry
    said = f"Docker there uses no mirror; without `{_KEY}: []` a deploy gives it {', '.join(filled)}"
    return replace(entry.with_section(ServiceName.DOCKER, {**section, _KEY: []}), notes=(*entry.notes, said))


def _filled_in(place: Place, entry: Entry) -> tuple[str, ...] | None:
    """What the inventory would give this host's daemon; None where it could not be loaded so."""
    try:
        loaded = load(place.path, place.content_of(entry.into(place.text)))
    except RunneropsError:
        return None
    found = the_host(loaded, entry.name).sections.get(ServiceName.DOCKER, {}).get(_KEY)
    return mirrors_of(found)


def changed_elsewhere(place: Place, loaded: Inventory) -> Iterator[str]:
    """Other hosts that ask for something else once this one is in the inventory."""
    before = {host.name: host.sections for host in place.loaded.hosts}
    for host in loaded.hosts:
        if host.name != place.host.name and host.name in before and host.sections != before[host.name]:
            yield host.name
