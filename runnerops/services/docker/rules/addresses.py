"""Addresses and networks of daemon.json that dockerd refuses, or of which it cannot make its default network. Pure.

Source: moby's `daemon/daemon_unix.go`, `daemon/libnetwork/ipams` and `daemon/pkg/opts`, and starts of 20.10 to 29.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address
from typing import Literal

from runnerops.model.common import Key, Tree, Value
from runnerops.services.docker.rules.address import interface_of, network_holds, network_of
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.nested import Found, Severity, is_int, meant
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.versions import Version

_START = "dockerd does not start"
_KEYS = frozenset({"base", "size"})
_LONGEST_NAME = 15
_LEAST_OF_6 = 1280
"""The kernel has no IPv6 on a device with a smaller MTU."""
_STOCK = "172.17.0.0/16"


def addresses(tree: Tree, version: Version | None) -> Found:
    """Runs every rule on them. A finding that depends on an unknown version is a warning."""
    for rule in (_single, _fixed, _gateways, _mtu):
        yield from rule(tree)
    for timely in (_bridge, _pools, _pools_of_one_kind, _servers):
        yield from timely(tree, version)


def _single(tree: Tree) -> Found:
    for name in ("ip", "default-gateway", "default-gateway-v6", "host-gateway-ip"):
        value = tree.get(name)
        if isinstance(value, str) and value and not is_address(value):
            yield "D016", "error", (name,), "must be an IP address: dockerd refuses the whole file", _such_as(name)
    kinds: set[bool] = set()
    for index, value in _items(tree, "host-gateway-ips"):
        if isinstance(value, str) and value and not is_address(value):
            text = f"must be an IP address: {_START}"
            yield "D016", "error", ("host-gateway-ips", index), text, _such_as("host-gateway-ips")
        elif (":" in str(value)) in kinds:
            yield (
                "D016",
                "error",
                ("host-gateway-ips", index),
                f"is a second address of its kind: {_START}",
                "write only one",
            )
        kinds.add(":" in str(value))


def _such_as(name: str) -> str:
    return f"write an address such as {'2001:db8::1' if name.endswith('-v6') else '192.0.2.1'}"


def _fixed(tree: Tree) -> Found:
    for name, kind in (("fixed-cidr", 4), ("fixed-cidr-v6", 6)):
        value, network = tree.get(name), network_of(tree.get(name))
        if not isinstance(value, str) or not value:
            continue
        if network is None or network.version != kind:
            example = "192.168.200.0/25" if kind == 4 else "2001:db8:1::/64"
            yield "D016", "error", (name,), f"must be a network of IPv{kind}: {_START}", f"write for example {example}"
        elif kind == 6 and network.is_multicast:
            text = f"must not be a multicast network: {_START}"
            yield "D016", "error", (name,), text, "write for example 2001:db8:1::/64"
        elif kind == 6 and network.prefixlen == 128 and tree.get("ipv6") is True:
            text = f"leaves no address for docker0: {_START}"
            yield "D016", "error", (name,), text, "write for example 2001:db8:1::/64"


def _bridge(tree: Tree, version: Version | None) -> Found:
    bip, interface = tree.get("bip"), interface_of(tree.get("bip"))
    if isinstance(bip, str) and bip:
        text, fix = "must be an IPv4 address with its prefix", "write for example 192.168.200.1/24"
        network = interface.network if interface else None
        if "/" not in bip and ":" not in bip and is_address(bip):
            fix = f"write {bip}/24"
        if interface is None or not isinstance(network, IPv4Network):
            yield "D008", "error", ("bip",), text, fix
        elif network.prefixlen < 31 and interface.ip in (network.network_address, network.broadcast_address):
            fix = f"write {network.network_address + 1}/{network.prefixlen}"
            yield "D008", "error", ("bip",), f"{text}, which is not the first or last address of its network", fix
        elif network.prefixlen == 32:
            text = "leaves no address for containers: none would start, and before 23.0 dockerd neither"
            yield "D008", "error", ("bip",), text, fix
        elif network.prefixlen == 31 and (severity := before("23.0", version)):
            yield "D008", severity, ("bip",), "leaves no address that dockerd before 23.0 can use", fix
    name = tree.get("bridge")
    if isinstance(name, str) and (len(name) > _LONGEST_NAME or name == "lo"):
        text = f"is not a name of a bridge, which has at most {_LONGEST_NAME} letters: {_START}"
        yield "D016", "error", ("bridge",), text, "write another, such as br0"


def _leading_zero(pool: Tree, version: Version | None) -> Severity | Literal[""]:
    """Of `10.0.0.0/08`. Only the decoder of newer releases refuses it."""
    return since("27.0", version) if re.search("/0[0-9]+$", _base_of(pool)) else ""


def _base_of(pool: Tree) -> str:
    return next((str(value) for name, value in pool.items() if name.lower() == "base"), "")


def _pools(tree: Tree, version: Version | None) -> Found:
    for index, pool in _items(tree, "default-address-pools"):
        if isinstance(pool, dict) and (problem := _pool_problem(pool)):
            fix = "write for example {base: 10.231.0.0/16, size: 24}"
            yield "D009", "error", ("default-address-pools", index), problem, fix
        elif isinstance(pool, dict) and (severity := _leading_zero(pool, version)):
            base = _base_of(pool)
            text = "has a prefix with a leading zero: since 27.0, dockerd refuses the whole file"
            fix = f"write {re.sub('/0+(?=[0-9])', '/', base)}"
            yield "D009", severity, ("default-address-pools", index), text, fix


def _pool_problem(pool: Tree) -> str:
    """Why an entry is not a pool; empty if it is."""
    lower_keys = {name.lower(): value for name, value in pool.items()}  # the decoder ignores the case of keys
    network, size = network_of(lower_keys.get("base")), lower_keys.get("size")
    of_other_type = not isinstance(lower_keys.get("base") or "", str) or not is_int(lower_keys.get("size", 0))
    if of_other_type:
        return ""  # the decoder refuses it, which is reported with the other types
    if isinstance(lower_keys.get("base"), str) and network is None and is_address(str(lower_keys["base"])):
        return "has a base without a prefix, such as /16"
    if any(_KEYS.intersection(meant(name, _KEYS)) - lower_keys.keys() for name in lower_keys.keys() - _KEYS):
        return ""  # a misspelt key is reported where it stands
    if network is None or not isinstance(size, int):
        lacks = _KEYS - lower_keys.keys()
        return f"has no {next(iter(lacks))}" if len(lacks) == 1 else "must be {base: NETWORK, size: PREFIX}"
    if not network.prefixlen <= size <= network.max_prefixlen:
        return f"has a size of {size}, which must be from {network.prefixlen}, the prefix of base, to {network.max_prefixlen}"
    return ""


def _is_pool(pool: Tree) -> bool:
    lower_keys = {name.lower(): value for name, value in pool.items()}
    return (
        not _pool_problem(pool) and isinstance(lower_keys.get("base"), str) and isinstance(lower_keys.get("size"), int)
    )


def _pools_of_one_kind(tree: Tree, version: Version | None) -> Found:
    """dockerd creates docker0 from the first pool of IPv4, so there must be one, and it must have more than one
    address. Before 24.0 it takes the first pool of any kind.
    """
    if tree.get("bridge") or tree.get("bip"):
        return
    pools = [pool for _, pool in _items(tree, "default-address-pools") if isinstance(pool, dict) and _is_pool(pool)]
    lower_pools = [{name.lower(): value for name, value in pool.items()} for pool in pools]
    ipv4_pools = [pool for pool in lower_pools if isinstance(network_of(pool["base"]), IPv4Network)]
    key: Key = ("default-address-pools",)
    if lower_pools and not ipv4_pools and (version is None or version >= (23, 0)):
        yield (
            "D009",
            "error",
            key,
            f"has no IPv4 network, from which dockerd creates docker0: {_START}",
            "add one, such as {base: 10.231.0.0/16, size: 24}",
        )
    elif ipv4_pools and ipv4_pools[0] is not lower_pools[0] and (severity := before("24.0", version)):
        text = f"is a network of IPv6, from which dockerd before 24.0 would create docker0: {_START}"
        yield "D009", severity, (*key, 0), text, "write one of IPv4 before it"
    elif ipv4_pools and ipv4_pools[0]["size"] == 32:
        text = "leaves no address for containers: none would start, and before 23.0 dockerd neither"
        yield "D009", "error", (*key, 0), text, "write size: 24"
    elif ipv4_pools and ipv4_pools[0]["size"] == 31 and (severity := before("23.0", version)):
        text = f"leaves no address that dockerd before 23.0 can use: {_START}"
        yield "D009", severity, (*key, 0), text, "write size: 24"


def _servers(tree: Tree, version: Version | None) -> Found:
    """Read by another part of Go from 25.0 on, which takes an empty text and no space, and another from
    29.0 on: a zone.
    """
    for index, server in _items(tree, "dns"):
        if not isinstance(server, str):
            continue
        text, fix = "must be an IP address", "write an address, such as 192.0.2.53, instead of a name"
        severity: Severity | Literal[""] = "" if server and is_address(server) else "error"
        if server == "":
            severity, text, fix = before("25.0", version), f"{text} before 25.0", "take it out"
        elif "%" in server and not severity:
            severity, text, fix = before("29.0", version), f"{text}, before 29.0 without a zone", "take the zone out"
        elif severity and len(several := server.replace(",", " ").split()) > 1 and all(map(is_address, several)):
            fix = "write " + ", ".join(f'"{base}"' for base in several)
        elif severity and (host := server.rpartition(":")[0]) and is_address(host) and "." in host:
            text, fix = f"{text}, without a port", f"write {host}"
        elif severity and is_address(server.strip(" ")):
            severity, text, fix = since("25.0", version), f"{text}, since 25.0 without spaces", "take the spaces out"
        if severity:
            yield "D010", severity, ("dns", index), f"{text}: dockerd refuses the whole file", fix


def _gateways(tree: Tree) -> Found:
    """A default gateway must be in the default network, and must not be the bridge's own address."""
    if tree.get("bridge"):
        return
    bip = interface_of(tree.get("bip"))
    stock = None if tree.get("default-address-pools") or tree.get("fixed-cidr") else _STOCK
    yield from _gateway(tree, "default-gateway", str(bip.network) if bip else stock, str(bip.ip) if bip else "")
    of_6 = network_of(tree.get("bip6")) or network_of(tree.get("fixed-cidr-v6"))
    if tree.get("ipv6") is True and of_6 is not None:
        yield from _gateway(tree, "default-gateway-v6", str(of_6), str(of_6.network_address + 1))


def _gateway(tree: Tree, name: str, network: str | None, bridge_network: str) -> Found:
    value = tree.get(name)
    if not isinstance(value, str) or not is_address(value) or network is None:
        return
    address = ip_address(value.partition("%")[0])
    if not network_holds(network, address):
        text = f"must be in {network}, the network of docker0: {_START}"
        yield "D022", "error", (name,), text, "write the address of the router in it"
    elif str(address) == bridge_network:
        text = f"is the address of docker0 itself: {_START}"
        yield "D022", "error", (name,), text, "write the address of the router"


def _mtu(tree: Tree) -> Found:
    """A bridge accepts 68 to 65535. With another value, 25 and later cannot create docker0, and earlier ones no
    container.
    """
    mtu = tree.get("mtu")
    if not isinstance(mtu, int) or isinstance(mtu, bool) or mtu <= 0:
        return
    if 68 <= mtu < _LEAST_OF_6 and tree.get("ipv6") is True:
        text = f"must be {_LEAST_OF_6} or more with ipv6: dockerd does not start, and before 25.0 no container would"
        yield "D015", "error", ("mtu",), text, "write for example 1400, or take ipv6 out"
    elif not 68 <= mtu <= 65535:
        text = "must be 0 or from 68 to 65535: dockerd does not start, and before 25.0 no container would"
        yield "D015", "error", ("mtu",), text, "write for example 1500"


def _items(tree: Tree, name: str) -> Iterator[tuple[int, Value]]:
    value = tree.get(name)
    yield from enumerate(value if isinstance(value, list) else ())
