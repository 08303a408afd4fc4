"""The docker bridge that a host's `docker` section asks for, on which a cache listens by default. Pure."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network, ip_network

from runnerops.frozen import frozen
from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.keys.endpoints import Ip, as_ip
from runnerops.model.common import Tree, Value

_DEFAULT = IPv4Interface("172.17.0.1/16")
"""The network that Docker uses if nothing is set and the range is free."""


@frozen
class Bridge:
    """The default bridge of a host. `address` is None if the daemon has no bridge, or uses one that it did not create.

    `networks` contain the addresses that only this host and its containers reach.
    """

    address: str | None
    networks: tuple[IPv4Network, ...]

    def has_host_of(self, host: str) -> bool:
        """Whether the host of a URL is an address of the bridge or the loopback."""
        ip: Ip | None = as_ip(host)
        if ip is None:
            return host == "localhost" or host.endswith(".localhost")
        return ip.is_loopback or any(ip in network for network in self.networks)


def bridge(docker: Tree) -> Bridge:
    """The default bridge that results from daemon.json: `bip`, or else the first of `default-address-pools`.

    Raises Refused if that cannot be read. Its text starts with the key.
    """
    pools = _pools(docker.get("default-address-pools"))
    if docker.get("bridge") not in (None, "", "docker0"):
        return Bridge(None, tuple(pool for pool, _ in pools))
    if bip := docker.get("bip"):
        inner = _interface(bip)
    elif pools:
        pool, size = pools[0]
        inner = IPv4Interface((int(pool.network_address) + 1, size))
    else:
        inner = _DEFAULT
    return Bridge(str(inner.ip), (inner.network, *(pool for pool, _ in pools)))


def _interface(bip: Value) -> IPv4Interface:
    try:
        assert isinstance(bip, str)
        assert "/" in bip
        return IPv4Interface(bip)
    except (AssertionError, ValueError):
        raise Refused("bip: must be an IPv4 address with its prefix", "write for example 192.168.200.1/24") from None


def _pools(pools: Value) -> list[tuple[IPv4Network, int]]:
    ranges = []
    for pool in pools if isinstance(pools, list) else []:
        try:
            assert isinstance(pool, dict)
            base, size = ip_network(str(pool["base"]), strict=False), pool["size"]
            assert isinstance(size, int)
            assert base.prefixlen <= size <= base.max_prefixlen - 2
        except (AssertionError, KeyError, ValueError):
            text = "default-address-pools: must be a list of {base: NETWORK, size: PREFIX}"
            raise Refused(text, "for example [{base: 10.231.0.0/16, size: 24}]") from None
        if isinstance(base, IPv4Network):
            ranges.append((base, size))
    return ranges
