"""Checks the subnets of a Compose file's networks, and the addresses that its services have in them. Pure.

Source: moby's `daemon/network.go` and `daemon/container_operations.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.compose.parts import REFUSES, items, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text

Network: TypeAlias = "IPv4Network | IPv6Network"

_REFUSES = "Docker refuses the network"
_ADDRESSES = {"ipv4_address": 4, "ipv6_address": 6}


def network_rules(tree: Tree) -> Found:
    """Finds subnets, gateways and ranges that Docker does not take."""
    for name, network in mapping(tree.get("networks")).items():
        for index, pool in enumerate(_pools(mapping(network))):
            if not any(map(open_text, pool.values())):
                yield from _pool(pool, ("networks", name, "ipam", "config", index))


def _pools(network: Tree) -> list[Tree]:
    """The subnets of a network, unless somebody else's driver reads them."""
    ipam = mapping(network.get("ipam"))
    is_default = ipam.get("driver") in (None, "", "default")
    return [mapping(pool) for pool in items(ipam.get("config"))] if is_default else []


def _pool(pool: Tree, key: Key) -> Found:
    subnet = pool.get("subnet")
    if not isinstance(subnet, str):
        return
    network, place = _network(subnet), (*key, "subnet")
    if network is None or "/" not in subnet:
        yield "K002", "error", place, f"must be a network with its prefix: {_REFUSES}", _with_prefix(subnet)
        return
    if not _is_exact(subnet):
        text = "is an address in a network, which Docker refuses since 25.0"
        yield "K002", "warning", place, text, f"write {network}"
    inner = pool.get("ip_range")
    if isinstance(inner, str):
        part = _network(inner) if "/" in inner else None
        if part is None or not _is_in(str(part.network_address), network) or part.prefixlen < network.prefixlen:
            text = f"must be a part of {network}, with its prefix: {_REFUSES}"
            yield "K002", "error", (*key, "ip_range"), text, f"write for example {network}"
    addresses: list[tuple[Key, Value]] = [(("gateway",), pool.get("gateway"))]
    addresses += [(("aux_addresses", name), address) for name, address in mapping(pool.get("aux_addresses")).items()]
    for path, address in addresses:
        if isinstance(address, str) and address and not _is_in(address, network):
            fix = f"write an address such as {network.network_address + 1}"
            yield "K002", "error", (*key, *path), f"must be an address of {network}: {_REFUSES}", fix


def _with_prefix(subnet: str) -> str:
    zeros = len(subnet.split(".")) - len(subnet.rstrip(".0").split(".")) if "/" not in subnet else 0
    return f"write {subnet}/{32 - 8 * zeros}" if zeros and _network(subnet) else "write for example 172.28.0.0/16"


def address_rules(service: Tree, tree: Tree, key: Key) -> Found:
    """Finds addresses of a service that its networks do not have."""
    for name, attachment in mapping(service.get("networks")).items():
        for kind, version in _ADDRESSES.items():
            address = mapping(attachment).get(kind)
            if isinstance(address, str) and address and not open_text(address):
                yield from _address(address, version, name, tree, (*key, "networks", name, kind))


def _address(address: str, version: int, name: str, tree: Tree, key: Key) -> Found:
    if not _is_address(address, version):
        yield "K002", "error", key, f"must be an IPv{version} address: {REFUSES}", ""
        return
    network = mapping(mapping(tree.get("networks")).get(name))
    pools = _pools(network)
    if network.get("external") or tree.get("include") or mapping(network.get("ipam")).get("driver"):
        return
    subnets = [pool.get("subnet") for pool in pools]
    if any(map(open_text, subnets)):
        return
    subnets_known = [subnet for subnet in map(_network, map(str, subnets)) if subnet and subnet.version == version]
    if subnets_known and not any(_is_in(address, subnet) for subnet in subnets_known):
        text = f"is not in {' or '.join(map(str, subnets_known))}, the subnet of {name}: {REFUSES}"
        yield "K002", "error", key, text, f"write an address such as {subnets_known[0].network_address + 10}"
    elif not subnets_known and all(subnets):
        text = f"needs a network with a subnet, and {name} has none of IPv{version}: {REFUSES}, unless it chooses a fitting one"
        yield "K002", "warning", key, text, f"add ipam: {{config: [{{subnet: …}}]}} to {name}"


def shared_addresses(services: Mapping[str, Tree]) -> Found:
    """Finds two services with one address in a network. Docker starts only the first of them."""
    first_users: dict[tuple[str, str], str] = {}
    for name, service in services.items():
        for network, kind, address in () if service.get("profiles") else _addresses(service):
            first_user = first_users.setdefault((network, address), name)
            if first_user != name:
                text = f"is the address of services.{first_user} too: Docker starts only one of the two"
                key: Key = ("services", name, "networks", network, kind)
                yield "K016", "warning", key, text, "give each an address of its own"


def _addresses(service: Tree) -> Iterator[tuple[str, str, str]]:
    for network, attachment in mapping(service.get("networks")).items():
        for kind in _ADDRESSES:
            address = mapping(attachment).get(kind)
            if isinstance(address, str) and address and not open_text(address):
                yield network, kind, address


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_exact(text: str) -> bool:
    """Whether it has no bits beyond its prefix."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_address(text: str, version: int) -> bool:
    try:
        return ip_address(text).version == version
    except ValueError:
        return False


def _is_in(text: str, network: Network) -> bool:
    try:
        return ip_address(text) in network
    except ValueError:
        return False
