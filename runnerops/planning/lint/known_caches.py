"""The cache of the inventory that a URL leads to, as seen from one of its hosts. Pure.

Upper and lower case in names, a missing default port and a slash at the end make no difference. A cache on a bridge or
loopback address is visible only to its own host; other hosts may have other caches at the same address.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import takewhile
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from runnerops.frozen import frozen
from runnerops.model.common import Value
from runnerops.model.inventory import Cache, Host, Inventory
from runnerops.services.registry.caches import OwnCache, own_caches

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_Place: TypeAlias = tuple[str, str, int]
"""Scheme, name or address, port."""


@frozen
class _Known:
    cache: Cache
    place: _Place
    only: str
    """The only host that can reach it there; empty: all hosts can."""


class KnownCaches:
    """All caches of the inventory. Made once for all hosts."""

    def __init__(self, inventory: Inventory) -> None:
        self._by_name: dict[str, list[_Known]] = {}
        for host in inventory.hosts:
            listening = {own_cache.name: own_cache for own_cache in own_caches(host)}
            for cache in takewhile(lambda item, name=host.name: item.host == name, host.caches):  # type: ignore[misc]
                for known_cache in _places(cache, host, listening.get(cache.name)):
                    self._by_name.setdefault(known_cache.place[1], []).append(known_cache)

    def at(self, url: str, host: str) -> Cache | None:
        """The cache that answers at this URL when this host asks."""
        wanted = place_of(url)
        return next((known_cache.cache for known_cache in self._seen(url, host) if known_cache.place == wanted), None)

    def near(self, url: str, host: str) -> list[tuple[Cache, bool]]:
        """The caches at this name or address, each with whether the port matches. Those with the right
        port come first.
        """
        wanted = place_of(url)
        matches = [
            (known_cache.cache, wanted is not None and known_cache.place[2] == wanted[2])
            for known_cache in self._seen(url, host)
        ]
        return sorted(matches, key=lambda item: not item[1])

    def elsewhere(self, url: str) -> Cache | None:
        """For a URL with a loopback address: a cache with this scheme and port that all hosts can reach at another one."""
        wanted = place_of(url)
        if not wanted or wanted[1] not in _LOOPBACK:
            return None
        every = (known_cache for caches in self._by_name.values() for known_cache in caches)
        alike = (
            known_cache
            for known_cache in every
            if not known_cache.only and (known_cache.place[0], known_cache.place[2]) == (wanted[0], wanted[2])
        )
        return next((known_cache.cache for known_cache in alike), None)

    def of_another_host(self, url: str, host: str) -> Cache | None:
        """The cache that answers at this URL on another host, for that host alone."""
        wanted = place_of(url)
        known_caches = self._by_name.get(wanted[1], ()) if wanted else ()
        alike = (item.cache for item in known_caches if item.place == wanted and item.only not in {"", host})
        return next(alike, None)

    def _seen(self, url: str, host: str) -> Iterator[_Known]:
        wanted = place_of(url)
        for known_cache in self._by_name.get(wanted[1], ()) if wanted else ():
            if not known_cache.only or known_cache.only == host:
                yield known_cache


def _places(cache: Cache, host: Host, own_cache: OwnCache | None) -> Iterator[_Known]:
    """The URL of a cache, and the addresses on which it listens (without TLS)."""
    place = place_of(cache.url)
    if place:
        yield _Known(cache, place, host.name if cache.local else "")
    if own_cache is None or not own_cache.port.isdecimal():
        return
    port = int(own_cache.port)
    if own_cache.address in {"0.0.0.0", "::", ""}:  # noqa: S104  compared, not bound
        further = [(_name(host.address), ""), ("127.0.0.1", host.name)]
    else:
        further = [(_name(own_cache.address), host.name if cache.local else "")]
    for name, only in further:
        if not place or (name, port) != place[1:]:
            yield _Known(cache, ("http", name, port), only)


def place_of(url: str) -> _Place | None:
    """None if it is not a URL with http or https."""
    parts = url_parts(url)
    return (parts.scheme, _name(parts.hostname or ""), port_of(parts)) if parts else None


def url_parts(url: Value) -> SplitResult | None:
    """The parts of a URL with http or https and a host name; None for other values."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts if parts and parts.hostname and parts.scheme in _PORTS and parts.port != 0 else None
    except ValueError:
        return None


def port_of(parts: SplitResult) -> int:
    """The port of the URL, or the default of its scheme."""
    return parts.port or _PORTS[parts.scheme]


def _name(text: str) -> str:
    """A name or an address in the form in which it is compared."""
    name = text.lower().rstrip(".")
    if name == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(name))
    except ValueError:
        return name
