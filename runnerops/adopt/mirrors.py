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


def without_mirrors(host: AdoptedHost) -> AdoptedHost:
    """The host with a `docker` section that does not mention mirrors."""
    adopted = host.adopted.get(ServiceName.DOCKER)
    if adopted is None or adopted.section is None:
        return host
    bare = {name: value for name, value in adopted.section.items() if name != _KEY}
    return host.with_docker(replace(adopted, section=bare))


def with_mirrors(host: AdoptedHost, bare: Inventory | None) -> AdoptedHost:
    """Leaves out the daemon's mirrors if the inventory fills in the same ones. Otherwise they are written, even if
    there are none.

    `bare` is the inventory with the host `without_mirrors`; None if that cannot be loaded.
    """
    adopted = host.adopted.get(ServiceName.DOCKER)
    if adopted is None or adopted.section is None:
        return host
    in_use = mirrors_of(adopted.section.get(_KEY))
    filled = mirrors_of(the_host(bare, host.name).sections.get(ServiceName.DOCKER, {}).get(_KEY)) if bare else None
    if filled is not None and filled == in_use:
        return without_mirrors(host)
    if in_use or not filled:
        return host
    note = f"Docker there uses no mirror; without `{_KEY}: []` a deploy gives it {', '.join(filled)}"
    section = {**adopted.section, _KEY: []}
    return host.with_docker(Adopted(section, adopted.comments, (*adopted.notes, note), adopted.secrets))


def other_hosts_using_cache(place: Place, loaded: Inventory, own_names: Collection[str]) -> Iterator[str]:
    """Hosts other than `own_names` whose sections change when the new entries are in the inventory."""
    before = {host.name: host.sections for host in place.loaded.hosts}
    for host in loaded.hosts:
        if host.name not in own_names and host.name in before and host.sections != before[host.name]:
            yield host.name
