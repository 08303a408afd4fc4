"""The mirrors of an adopted host: only written if the inventory would fill in others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from runnerops.adopt.place import AdoptedHost, Place
from runnerops.inventory import the_host
from runnerops.model.common import ServiceName
from runnerops.model.inventory import Inventory
from runnerops.services.base import Adopted
from runnerops.services.docker.schema import mirrors_of

_KEY = "registry-mirrors"


def without_mirrors(found: AdoptedHost) -> AdoptedHost:
    """The host with a `docker` section that does not mention mirrors."""
    adopted = found.adopted.get(ServiceName.DOCKER)
    if adopted is None or adopted.section is None:
        return found
    bare = {name: value for name, value in adopted.section.items() if name != _KEY}
    return found.with_docker(replace(adopted, section=bare))


def with_mirrors(found: AdoptedHost, bare: Inventory | None) -> AdoptedHost:
    """Leaves out the daemon's mirrors if the inventory fills in the same ones. Otherwise they are written, even if
    there are none.

    `bare` is the inventory with the host `without_mirrors`; None if that cannot be loaded.
    """
    adopted = found.adopted.get(ServiceName.DOCKER)
    if adopted is None or adopted.section is None:
        return found
    there = mirrors_of(adopted.section.get(_KEY))
    filled = mirrors_of(the_host(bare, found.name).sections.get(ServiceName.DOCKER, {}).get(_KEY)) if bare else None
    if filled is not None and filled == there:
        return without_mirrors(found)
    if there or not filled:
        return found
    said = f"Docker there uses no mirror; without `{_KEY}: []` a deploy gives it {', '.join(filled)}"
    section = {**adopted.section, _KEY: []}
    return found.with_docker(Adopted(section, adopted.comments, (*adopted.notes, said), adopted.secrets))


def other_hosts_using_cache(place: Place, loaded: Inventory, mine: Collection[str]) -> Iterator[str]:
    """Hosts other than `mine` whose sections change when the new entries are in the inventory."""
    before = {host.name: host.sections for host in place.loaded.hosts}
    for host in loaded.hosts:
        if host.name not in mine and host.name in before and host.sections != before[host.name]:
            yield host.name
