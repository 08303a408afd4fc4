"""`runnerops dind`: prints what `docker_in_docker` would set as YAML for a job, for runners that are not managed here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from runnerops import inventory
from runnerops.errors import InventoryError
from runnerops.inventory import Where
from runnerops.inventory.hosts.dind import pool_beside
from runnerops.model.common import Exit
from runnerops.model.inventory import Cache
from runnerops.report.document import VERSION
from runnerops.report.screen import Screen
from runnerops.services.gitlab_runner.dind import Dind
from runnerops.services.shared.upstreams import HUB


def dind(path: Where, screen: Screen, *, as_json: bool = False) -> Exit:
    """Exit 0. Raises InventoryError, also if no cache can be reached from another host."""
    loaded = inventory.load(path)
    all_caches = dict.fromkeys(cache for host in loaded.hosts for cache in host.caches)
    caches = [cache for cache in all_caches if cache.serves == HUB and cache.use and not cache.local]
    if not caches:
        hint = "give a cache of Docker Hub a `listen` address that other hosts can reach"
        raise InventoryError(f"{loaded.path}: no cache that a runner elsewhere can reach", hint)
    mirrors = tuple(cache.url for cache in caches)
    inner = Dind(mirrors, pool_beside(mirrors))
    if as_json:
        screen.json(_document(inner, caches))
    else:
        screen.lines(("verbatim", line) for line in _lines(inner, caches))
    return Exit.OK


def _document(inner: Dind, caches: list[Cache]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "caches": [{"name": cache.name, "host": cache.host, "url": cache.url} for cache in caches],
        "services": [inner.service],
        "variables": dict(inner.variables),
    }


def _lines(inner: Dind, caches: list[Cache]) -> Iterator[str]:
    """The YAML. The command is a list on one line, so that it reads like a command."""
    yield "# For a job on a privileged docker runner; its pulls go through:"
    yield from (f"#   {cache.url} (cache {cache.name} of {cache.host})" for cache in caches)
    yield "services:"
    yield f"  - name: {inner.image}"
    yield f"    alias: {inner.alias}"
    yield f"    command: {json.dumps(list(inner.argv))}"
    yield "variables:"
    yield from (f"  {name}: {json.dumps(value)}" for name, value in inner.variables.items())
