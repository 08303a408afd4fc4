"""Rules across the hosts of an inventory, and on the folder of templates beside it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from ipaddress import ip_address

from runnerops.model.common import Key, ServiceName, Value
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host, Inventory
from runnerops.model.plan import Finding
from runnerops.services.docker.format import PATH as DAEMON_JSON
from runnerops.services.docker.rules.overlap import of_inventory

_NEAR = 0.8


def same_addresses(inventory: Inventory, hosts: Iterable[Host]) -> Iterator[tuple[str, Finding]]:
    """By host, a finding if another name of the inventory has the same address, port and jump host."""
    alike: dict[tuple[str, int | None, str | None], list[Host]] = {}
    for host in inventory.hosts:
        alike.setdefault(_way(host), []).append(host)
    for host in hosts:
        first, *other_hosts = alike[_way(host)]
        if host.name != first.name:
            yield host.name, _same_address(inventory, first, other_hosts)


def _same_address(inventory: Inventory, first: Host, other_hosts: Sequence[Host]) -> Finding:
    """One finding for each group of equal hosts, so that it is shown once."""
    other_host, *further_hosts = other_hosts
    key, place = ("hosts", other_host.name, "address"), other_host.locations.get(("address",))
    if further_hosts:
        names = ", ".join(brief([host.name for host in further_hosts]))
        text = f"has the address of host {first.name}, and so {'has' if len(further_hosts) == 1 else 'have'} {names}"
        fix = "make them one host, or give each its own address"
        return Finding("X001", "error", inventory.path, key, f"{text}: each deploy would undo the others", fix, place)
    text = f"has the address of host {first.name}: each deploy would undo the other"
    return Finding("X001", "error", inventory.path, key, text, "make them one host", place)


def _way(host: Host) -> tuple[str, int | None, str | None]:
    return _address(host.address), host.ssh.port, host.ssh.gateway


def _address(text: str) -> str:
    """An address in one form, without differences of case, a final dot, or zeros of IPv6."""
    try:
        return str(ip_address(text))
    except ValueError:
        return text.lower().rstrip(".")


def overlapping_networks(host: Host) -> Iterator[Finding]:
    """Networks of Docker that contain the host's own address, a mirror or a cache. A deploy of them is blocked."""
    tree = host.sections.get(ServiceName.DOCKER, {})
    for key, text in dict.fromkeys(of_inventory(tree, host)):
        fix = "give Docker a network that nothing else uses"
        yield Finding("X003", "warning", DAEMON_JSON, key, text, fix)


def unreplaced_placeholders(host: Host) -> Iterator[Finding]:
    """`{host}` in the name of a key. It is replaced only in values, because the layers of the inventory are merged by
    key.
    """
    for service, section in host.sections.items():
        for key in _keys(section, ()):
            if "{host}" in str(key[-1]):
                text = "`{host}` is not replaced in the name of a key, only in values"
                fix = "write the key at the host itself"
                yield Finding("X004", "warning", service.value, key, text, fix, host.location(service, key))


def _keys(value: Value, key: Key) -> Iterator[Key]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*key, name)
        yield from _keys(item, (*key, name))


def stray_templates(folder: str, present: Collection[str], shipped: Collection[str]) -> Iterator[Finding]:
    """Files whose names are similar to those of shipped templates, and which therefore override nothing."""
    absent = sorted(set(shipped) - set(present))
    for name in sorted(set(present) - set(shipped)):
        near = get_close_matches(name, absent, 1, _NEAR)
        if near := near or [other_name for other_name in absent if _is_shortened(name, other_name)]:
            text = f"overrides no template, did you mean '{near[0]}'?"
            yield Finding("X002", "warning", f"{folder}/{name}", (), text, f"name it {near[0]}")


def _is_shortened(name: str, shipped_name: str) -> bool:
    """Whether a name lacks one of the endings of another: `daemon.j2` for `daemon.json.j2`."""
    parts, shipped_parts = name.split("."), shipped_name.split(".")
    return len(parts) > 1 and parts[0] == shipped_parts[0] and set(parts) < set(shipped_parts)
