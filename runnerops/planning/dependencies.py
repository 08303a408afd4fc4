"""Which hosts use caches of other hosts, for their daemon's mirrors and their jobs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from runnerops.model.common import ServiceName
from runnerops.model.inventory import Cache, Host
from runnerops.model.plan import Change
from runnerops.services.shared.job_services import urls_given


def uses_caches_of(host: Host) -> frozenset[str]:
    """The other hosts whose caches are among this host's mirrors. They are deployed first."""
    return frozenset(cache.host for cache in _used(host) if cache.host != host.name)


def newly_uses_caches_of(host: Host, changes: Iterable[Change]) -> frozenset[str]:
    """The other hosts whose caches are named in the changed files for the first time. If one of these hosts fails, this
    host is left untouched.
    """
    files = [(change.old.content or b"", change.new.content or b"") for change in changes]
    return frozenset(
        cache.host
        for cache in _used(host)
        if cache.host != host.name and any(_names(cache, new) and not _names(cache, old) for old, new in files)
    )


def _names(cache: Cache, content: bytes) -> bool:
    """Whether a file contains the URL of the cache, and not only a longer one that begins with it."""
    return re.search(re.escape(cache.url.rstrip("/").encode()) + rb"(?![\w.])", content) is not None


def with_cache_clients(host: Host, hosts: Iterable[Host]) -> Host:
    """The host with the names of the hosts that use each of its caches, among all these hosts."""
    if all(cache.host != host.name for cache in host.caches):
        return host
    clients: dict[str, tuple[str, ...]] = {}
    for other_host in hosts:
        if any(cache.host == host.name for cache in other_host.caches):  # few hosts know the caches of a host
            for cache in _used(other_host):
                if cache.host == host.name:
                    clients[cache.name] = (*clients.get(cache.name, ()), other_host.name)
    return replace(host, clients=clients)


def _used(host: Host) -> Iterator[Cache]:
    """The caches that the mirrors of this host's daemon or jobs name."""
    mirrors = host.sections.get(ServiceName.DOCKER, {}).get("registry-mirrors")
    wanted = {str(url).rstrip("/") for url in mirrors} if isinstance(mirrors, list) else set()
    wanted |= urls_given(host.sections.get(ServiceName.GITLAB_RUNNER, {}))
    return (cache for cache in host.caches if cache.url.rstrip("/") in wanted)
