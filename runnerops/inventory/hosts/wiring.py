"""The caches that each host can reach, and the mirrors of its Docker daemon. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runnerops.inventory.hosts.caches import Filled
from runnerops.inventory.layers.drafts import Draft
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import SourceLocation
from runnerops.services.shared.upstreams import HUB

_NAMED = 3
"""How many hosts a message names. The others are counted."""


class Wiring:
    """All caches of the inventory, by host, in its order."""

    def __init__(self, filled: Mapping[str, Sequence[Filled]]) -> None:
        self._filled = filled
        everyone = [cache for caches in filled.values() for cache in caches]
        self._in_use = [cache for cache in everyone if cache.cache.use]
        self._shared = [cache for cache in self._in_use if not cache.cache.local]
        self._places = {cache.cache.url: cache.location for cache in everyone}

    def usable(self, host: Draft) -> tuple[Filled, ...]:
        """Every cache that a host can use, its own first. Caches of other hosts must be in use."""
        return (*self._filled[host.name], *_meant_for(host, self._shared))

    def mirrors(self, host: Draft) -> tuple[str, ...]:
        """URLs of the caches of Docker Hub that are in use: the host's own, or else those of other hosts that it can
        reach.
        """
        own_urls = [cache.cache.url for cache in self._filled[host.name] if _in_use_for_hub(cache)]
        other_urls = (cache.cache.url for cache in _meant_for(host, self._shared) if _in_use_for_hub(cache))
        return tuple(dict.fromkeys(own_urls or other_urls))

    def locations(self, mirrors: Sequence[str]) -> tuple[SourceLocation, ...]:
        """The places of the caches that these mirrors are."""
        return tuple(self._places[url] for url in mirrors)

    def urls(self) -> tuple[str, ...]:
        """The URLs of all caches of the inventory."""
        return tuple(cache.cache.url for caches in self._filled.values() for cache in caches)

    def check(self, hosts: Sequence[Draft], problems: Problems) -> None:
        """Notes, once per cache, the hosts with Docker (on the host or in jobs) that have no mirrors although a cache
        is for them.

        A host whose own cache is not in use is left out, because its owner decided that.
        """
        cut_off: dict[int, list[str]] = {}
        caches: dict[int, Filled] = {}
        for host in hosts:
            has_own_cache = any(cache.cache.serves == HUB for cache in self._filled[host.name])
            if has_own_cache or not (needs_mirrors(host) or _needs_for_jobs(host)) or self.mirrors(host):
                continue
            if cache := next(filter(_in_use_for_hub, _meant_for(host, self._in_use)), None):
                caches[id(cache)] = cache
                cut_off.setdefault(id(cache), []).append(host.name)
        for key, names in cut_off.items():
            _note(caches[key], names, problems)


def _meant_for(host: Draft, caches: Sequence[Filled]) -> Iterator[Filled]:
    """The caches of other hosts whose `for` includes this host."""
    for cache in caches:
        if cache.cache.host != host.name and (cache.groups is None or not set(cache.groups).isdisjoint(host.groups)):
            yield cache


def needs_mirrors(host: Draft) -> bool:
    """Whether the host has a `docker` section that leaves `registry-mirrors` to us."""
    section = host.shape.docker
    return section is not None and "registry-mirrors" not in section.other_keys


def _needs_for_jobs(host: Draft) -> bool:
    return host.shape.docker is None and host.has_dind


def _in_use_for_hub(cache: Filled) -> bool:
    return cache.cache.use and cache.cache.serves == HUB


def _note(filled_cache: Filled, names: Sequence[str], problems: Problems) -> None:
    cache = filled_cache.cache
    omitted = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    who = ", ".join(names[:_NAMED]) + omitted
    text = f"{who} cannot reach cache {cache.name!r} at {cache.url}: only {cache.host} itself can"
    problems.add(
        filled_cache.location,
        dotted(("hosts", cache.host, *filled_cache.place)),
        text,
        f"give it a `listen` address that {who} can reach; `registry-mirrors: []` means no mirror",
    )
