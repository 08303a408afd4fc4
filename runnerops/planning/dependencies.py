"""Which hosts use the caches of which others, by their mirrors and those of their jobs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from runnerops.model.common import ServiceName
from runnerops.model.inventory import Cache, Host
from runnerops.model.plan import Change
from runnerops.services.shared.job_services import urls_given


def uses_caches_of(host: Host) -> frozenset[str]:
    """The other hosts whose caches are among this host's mirrors: they go first."""
    return frozenset(cache.host for cache in _used(host) if cache.host != host.name)


def newly_uses_caches_of(host: Host, changes: Iterable[Change]) -> frozenset[str]:
    """The other hosts whose caches the changed files name and named not before: without them it is left untouched."""
    files = [(change.old.content or b"", change.new.content or b"") for change in changes]
    return frozenset(
        cache.host
        for cache in _used(host)
        if cache.host != host.name and any(_names(cache, new) and not _names(cache, old) for old, new in files)
    )


def _names(cache: Cache, content: bytes) -> bool:
    """Whether a file has the cache's URL, and not only one that begins alike."""
    return re.search(re.escape(cache.url.rstrip("/").encode()) + rb"(?![\w.])", content) is not None


def with_cache_clients(host: Host, hosts: Iterable[Host]) -> Host:
    """The host, knowing for each of its caches which of all these hosts use it."""
    if all(cache.host != host.name for cache in host.caches):
        return host
    clients: dict[str, tuple[str, ...]] = {}
    for other in hosts:
        for cache in _used(other):
            if cache.host == host.name:
                clients[cache.name] = (*clients.get(cache.name, ()), other.name)
    return replace(host, clients=clients)


def _used(host: Host) -> Iterator[Cache]:
    """The caches that this host's mirrors name, or those of its jobs."""
    mirrors = host.sections.get(ServiceName.DOCKER, {}).get("registry-mirrors")
    wanted = {str(url).rstrip("/") for url in mirrors} if isinstance(mirrors, list) else set()
    wanted |= urls_given(host.sections.get(ServiceName.GITLAB_RUNNER, {}))
    return (cache for cache in host.caches if cache.url.rstrip("/") in wanted)
