"""Networks that daemon.json gives to Docker and that contain addresses the host uses, so that it would be cut off.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.model.facts import DockerFacts
from runnerops.model.inventory import Host
from runnerops.services.shared.addresses import host_of

Network: TypeAlias = IPv4Network | IPv6Network

_POOLS = "default-address-pools"


def networks(tree: Tree) -> Iterator[tuple[Key, Network]]:
    """The keys, and the networks that they name. A rule reports values that are not networks."""
    settings: list[tuple[Key, Value]] = [
        ((name,), tree.get(name)) for name in ("bip", "fixed-cidr", "bip6", "fixed-cidr-v6")
    ]
    pools = tree.get(_POOLS)
    for index, pool in enumerate(pools if isinstance(pools, list) else ()):
        settings.append(((_POOLS, index, "base"), pool.get("base") if isinstance(pool, dict) else None))
    for key, text in settings:
        network = _network(text)
        if network:
            yield key, network


def of_host(tree: Tree, docker: DockerFacts) -> Iterator[tuple[Key, str]]:
    """A key, and what of the host its network overlaps: routes, resolvers, the client and the address that it used."""
    client = docker.client
    places = [(f"the route to {cidr} by {device}", cidr) for device, cidr in docker.routes]
    places += [(f"the name server {address}", address) for address in docker.resolvers]
    places += [(f"{client.address}, from where this deploy comes", client.address)] if client.address else []
    places += [(f"{client.server}, where this host is reached", client.server)] if client.server else []
    yield from _overlaps(tree, places)


def of_inventory(tree: Tree, host: Host) -> Iterator[tuple[Key, str]]:
    """A key, and what the inventory says of the host: its own address, mirrors, proxies, registries, caches of other
    hosts.

    Names are looked up among the caches only, because the address of other names is not known here.
    """
    if not any(networks(tree)):
        return
    own_caches = {host_of(cache.url) for cache in host.caches if cache.host == host.name}
    other_caches = {host_of(cache.url): cache.address for cache in host.caches if cache.host != host.name}
    urls = [*_texts(tree.get("registry-mirrors")), *(cache.url for cache in host.caches)]
    by_url = {url: ("mirror", host_of(url)) for url in urls}
    for text in _texts(tree.get("insecure-registries")):
        if "/" not in text:  # a network only says which registries are insecure, not that one is there
            by_url.setdefault(text, ("registry", host_of(f"http://{text}")))
    proxies = tree.get("proxies")
    for url in proxies.values() if isinstance(proxies, dict) else ():
        if isinstance(url, str) and "://" in url:
            by_url.setdefault(url, ("proxy", host_of(url)))
    places = [(f"the host's own address {host.address}", host.address)]
    places += [(f"the name server {text}", text) for text in _texts(tree.get("dns"))]
    gateways = _gateways(tree)
    for text, (kind, name) in by_url.items():
        if name and name not in own_caches and name not in gateways:
            places.append(
                (
                    f"the {kind} {name if kind == 'proxy' else text}",
                    name if _network(name) else other_caches.get(name, ""),
                )
            )
    yield from _overlaps(tree, places)


def _texts(value: Value) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _overlaps(tree: Tree, places: list[tuple[str, str]]) -> Iterator[tuple[Key, str]]:
    for key, network in networks(tree):
        for title, text in places:
            other_network = _network(text)
            if other_network and other_network.version == network.version and other_network.overlaps(network):
                yield key, f"{network} overlaps {title}"


def _gateways(tree: Tree) -> set[str]:
    """The addresses of the bridge itself, at which a cache of the host may listen."""
    return {str(tree.get(name) or "").partition("/")[0] for name in ("bip", "bip6")}


def _network(text: Value) -> Network | None:
    return _parsed(text) if isinstance(text, str) and text else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return None if network.network_address.is_loopback else network
