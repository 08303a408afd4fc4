"""Addresses and networks as dockerd reads them. Pure."""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_interface,
    ip_network,
)

from runnerops.model.common import Value


def network_of(value: Value) -> IPv4Network | IPv6Network | None:
    """The network of `ADDRESS/PREFIX`; None for anything else. As in Go, a netmask is not a prefix."""
    try:
        return ip_network(value, strict=False) if isinstance(value, str) and _prefixed(value) else None
    except ValueError:
        return None


def interface_of(value: Value) -> IPv4Interface | IPv6Interface | None:
    """The address with its network of `ADDRESS/PREFIX`; None for anything else."""
    try:
        return ip_interface(value) if isinstance(value, str) and _prefixed(value) else None
    except ValueError:
        return None


def network_holds(network: str, address: IPv4Address | IPv6Address) -> bool:
    """Whether the network contains the address. An address of the other IP version is never contained."""
    parsed = ip_network(network, strict=False)
    return address.version == parsed.version and address in parsed


def _prefixed(text: str) -> bool:
    return re.search(r"/\d+$", text) is not None
