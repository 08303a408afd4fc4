"""Finds out which hosts use the caches of which others."""

from __future__ import annotations

import pytest

from runnerops.model.common import ServiceName
from runnerops.model.host_state import RemoteFile
from runnerops.model.inventory import Cache, FileSpec, Host, RenderedFile
from runnerops.model.plan import Change
from runnerops.planning.dependencies import newly_uses_caches_of, uses_caches_of, with_cache_clients

FAR = Cache("dockerhub", "cache-1", "https://registry-1.docker.io", "docker.io", "http://192.0.2.10:5000", local=False)
NEAR = Cache("dockerhub", "own", "https://registry-1.docker.io", "docker.io", "http://172.17.0.1:5000", local=True)
NEARBY = Cache("dockerhub", "own-2", "https://registry-1.docker.io", "docker.io", "http://172.17.0.1:5000", local=True)


def client(name: str, mirror: str, *caches: Cache) -> Host:
    return Host(name, name, sections={ServiceName.DOCKER: {"registry-mirrors": [mirror]}}, caches=caches)


def test_a_cache_knows_its_clients_by_whose_it_is_not_by_its_address() -> None:
    hosts = (
        client("cache-1", "http://192.0.2.10:5000/", FAR),
        client("a", "http://192.0.2.10:5000", FAR),
        client("own", "http://172.17.0.1:5000", NEAR, FAR),
        client("own-2", "http://172.17.0.1:5000", NEARBY, FAR),
    )
    assert with_cache_clients(hosts[0], hosts).clients == {"dockerhub": ("cache-1", "a")}
    assert with_cache_clients(hosts[2], hosts).clients == {"dockerhub": ("own",)}
    assert with_cache_clients(hosts[1], hosts).clients == {}
    assert uses_caches_of(hosts[1]) == {"cache-1"}
    assert uses_caches_of(hosts[2]) == frozenset()


SPEC = FileSpec(ServiceName.DOCKER, "/etc/docker/daemon.json", "daemon.json.j2", "json")
WITH = b'{"registry-mirrors": ["http://192.0.2.10:5000/"]}'


@pytest.mark.parametrize(
    ("old", "new", "needs"),
    [
        (None, WITH, {"cache-1"}),
        (b"{}", WITH, {"cache-1"}),
        (b'{"registry-mirrors": ["http://192.0.2.10:50001"]}', WITH, {"cache-1"}),
        (WITH, WITH.replace(b"}", b', "debug": true}'), set()),
        (WITH, b"{}", set()),
    ],
)
def test_only_a_cache_that_it_would_newly_use_is_needed(old: bytes | None, new: bytes, needs: set[str]) -> None:
    change = Change(RemoteFile(SPEC.path, "file" if old else "absent", old), RenderedFile(SPEC, new))
    host = client("a", "http://192.0.2.10:5000", FAR)
    assert newly_uses_caches_of(host, [change]) == needs
    assert newly_uses_caches_of(host, []) == frozenset()
