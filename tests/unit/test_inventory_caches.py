from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.model.common import Secret
from runnerops.model.inventory import Host
from runnerops.services.registry.caches.image import DEFAULT_IMAGE
from tests.unit import inventory_texts as texts


def host_with(folder: Path, caches: str, docker: str = "{}") -> Host:
    return texts.hosts(
        folder, f"groups: {{web: }}\nhosts: {{h: {{docker: {docker}, registry: {{caches: [{caches}]}}}}}}"
    )["h"]


def test_a_cache_of_nothing_is_one_of_docker_hub_on_the_bridge(tmp_path: Path) -> None:
    assert texts.caches(host_with(tmp_path, "{}")) == [
        {
            "name": "dockerhub",
            "upstream": "https://registry-1.docker.io",
            "serves": "docker.io",
            "listen": "172.17.0.1:5000",
            "url": "http://172.17.0.1:5000",
            "image": DEFAULT_IMAGE,
            "username": None,
            "password": None,
            "ttl": None,
            "volume": "runnerops-dockerhub",
            "environment": {"OTEL_TRACES_EXPORTER": "none"},
            "config": {},
            "use": True,
            "for": None,
            "config_file": "registry-config.yml",
            "local": True,
            "listen_given": False,
        }
    ]


def test_everything_of_a_cache_can_be_said(tmp_path: Path) -> None:
    text = """{name: quay, upstream: "https://quay.io", serves: quay.io, listen: "0.0.0.0:5001", url: "https://c.example.com/",
      image: "mirror.example.com/registry:2.8.3", username: me, password: !env P, ttl: 0, volume: old-data,
      environment: {A: true, B: 1, C: !env C, D: x}, config: {log: {level: debug}}, use: false, for: [web]}"""
    [cache] = texts.caches(host_with(tmp_path, text))
    assert isinstance(cache["password"], Secret)
    environment = cache["environment"]
    assert isinstance(environment, dict)
    assert isinstance(environment.pop("C"), Secret)
    assert {name: value for name, value in cache.items() if name != "password"} == {
        "name": "quay",
        "upstream": "https://quay.io",
        "serves": "quay.io",
        "listen": "0.0.0.0:5001",
        "url": "https://c.example.com",
        "image": "mirror.example.com/registry:2.8.3",
        "username": "me",
        "ttl": "0",
        "volume": "old-data",
        "environment": {"OTEL_TRACES_EXPORTER": "none", "A": "true", "B": "1", "D": "x"},
        "config": {"log": {"level": "debug"}},
        "use": False,
        "for": ["web"],
        "config_file": "registry-config.quay.yml",
        "local": False,
        "listen_given": True,
    }


@pytest.mark.parametrize(
    ("cache", "name", "serves"),
    [
        ("{}", "dockerhub", "docker.io"),
        ("{upstream: 'https://mirror.example.com', serves: docker.io}", "dockerhub", "docker.io"),
        ("{upstream: 'https://mirror.example.com', serves: index.docker.io}", "dockerhub", "docker.io"),
        ("{upstream: 'https://mirror.example.com', serves: Hub.Docker.com, name: x}", "x", "docker.io"),
        ("{upstream: 'https://registry-1.docker.io', name: x}", "x", "docker.io"),
        ("{upstream: 'https://mirror.gcr.io'}", "dockerhub", "docker.io"),
        ("{upstream: 'https://index.docker.io'}", "dockerhub", "docker.io"),
        ("{upstream: 'https://europe-docker.pkg.dev'}", "europe-docker.pkg.dev", "europe-docker.pkg.dev"),
        ("{upstream: 'https://ghcr.io'}", "ghcr.io", "ghcr.io"),
        ("{upstream: 'https://quay.io'}", "quay.io", "quay.io"),
        ("{upstream: 'https://registry.gitlab.com'}", "registry.gitlab.com", "registry.gitlab.com"),
        ("{upstream: 'https://mcr.microsoft.com'}", "mcr.microsoft.com", "mcr.microsoft.com"),
        ("{upstream: 'https://registry.k8s.io'}", "registry.k8s.io", "registry.k8s.io"),
        ("{upstream: 'https://eu.gcr.io'}", "eu.gcr.io", "eu.gcr.io"),
        ("{upstream: 'https://ghcr.io', serves: docker.io}", "dockerhub", "docker.io"),
        ("{upstream: 'https://r.example.com', serves: r.example.com}", "r.example.com", "r.example.com"),
        ("{upstream: 'https://ghcr.io', name: gh}", "gh", "ghcr.io"),
    ],
)
def test_name_and_what_a_cache_serves_are_told_from_its_upstream(
    tmp_path: Path, cache: str, name: str, serves: str
) -> None:
    [found] = texts.caches(host_with(tmp_path, cache))
    assert (found["name"], found["serves"], found["volume"]) == (name, serves, f"runnerops-{name}")


UNKNOWN = [  # what nobody can tell to be a mirror of Docker Hub, and what `serves` would say of it instead
    ("{name: harbor, upstream: 'https://harbor.corp.example'}", "serves: harbor.corp.example"),
    ("{upstream: 'https://harbor.corp.example:8443'}", "serves: harbor.corp.example:8443"),
    ("{upstream: 'http://192.0.2.77:5000'}", "serves: 192.0.2.77:5000"),
    ("{upstream: 'https://registry-1.docker.io.example'}", "serves: registry-1.docker.io.example"),
]


@pytest.mark.parametrize(("cache", "expected"), UNKNOWN)
def test_an_upstream_that_nobody_knows_needs_serves(tmp_path: Path, cache: str, expected: str) -> None:
    message, hint = texts.refusal(tmp_path, f"hosts: {{h: {{docker: {{}}, registry: {{caches: [{cache}]}}}}}}")
    assert "caches[0].upstream: it is not known whose images" in message
    assert "`serves: docker.io` makes it a mirror of Docker Hub" in hint
    assert f"`{expected}`" in hint


def test_a_cache_of_another_cache_serves_the_same(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path,
        """
        hosts:
          c: {registry: {caches: [{upstream: "http://192.0.2.2:5000"}]}}
          b: {registry: {caches: [{upstream: "http://192.0.2.1:5000", listen: "192.0.2.2:5000"}]}}
          a: {registry: {caches: [{listen: "192.0.2.1:5000"},
                                  {upstream: "https://ghcr.io", listen: "0.0.0.0:5001", url: "http://ghcr.example.com"}]}}
          d: {docker: {}, registry: {caches: [{name: gh, upstream: "http://ghcr.example.com"}]}}
        """,
    )
    serves = {name: [cache["serves"] for cache in texts.caches(host)] for name, host in hosts.items()}
    assert serves == {"c": ["docker.io"], "b": ["docker.io"], "a": ["docker.io", "ghcr.io"], "d": ["ghcr.io"]}
    assert texts.docker(hosts["d"])["registry-mirrors"] == ["http://192.0.2.2:5000", "http://192.0.2.1:5000"]


BRIDGES = [  # daemon.json, where a cache then listens
    ("{}", "172.17.0.1:5000"),
    ("{bip: 192.168.200.5/24}", "192.168.200.5:5000"),
    ("{default-address-pools: [{base: 10.231.0.0/16, size: 24}]}", "10.231.0.1:5000"),
    ("{default-address-pools: [{base: 10.231.7.9/16, size: 24}, {base: 10.9.0.0/16, size: 24}]}", "10.231.0.1:5000"),
    ("{default-address-pools: [{base: 'fd00::/48', size: 64}, {base: 10.9.0.0/16, size: 24}]}", "10.9.0.1:5000"),
    ("{bip: 192.168.200.5/24, default-address-pools: [{base: 10.231.0.0/16, size: 24}]}", "192.168.200.5:5000"),
]


@pytest.mark.parametrize(("docker", "listen"), BRIDGES)
def test_a_cache_listens_on_the_bridge_by_default(tmp_path: Path, docker: str, listen: str) -> None:
    host = host_with(tmp_path, "{}", docker)
    assert texts.caches(host)[0]["listen"] == listen
    assert host.caches[0].local


LOCAL = [  # daemon.json, the cache, whether only its own host reaches it
    ("{}", "{listen: '192.0.2.10:5000'}", False),
    ("{}", "{listen: '127.0.0.1:5000'}", True),
    ("{}", "{listen: '[::1]:5000'}", True),
    ("{}", "{listen: '[2001:DB8::1]:5000'}", False),
    ("{}", "{listen: '172.17.3.4:5000'}", True),
    ("{bip: 192.168.200.5/24}", "{listen: '172.17.3.4:5000'}", False),
    ("{bip: 192.168.200.5/24}", "{listen: '192.168.200.5:5000'}", True),
    ("{}", "{url: 'http://localhost:5000'}", True),
    ("{}", "{url: 'https://cache.example.com'}", False),
    ("{}", "{listen: '0.0.0.0:5000', url: 'http://192.0.2.10:5000'}", False),
    ("{bridge: br0}", "{listen: '172.17.0.1:5000'}", False),
]


@pytest.mark.parametrize(("docker", "cache", "local"), LOCAL)
def test_bridge_and_loopback_addresses_are_local(tmp_path: Path, docker: str, cache: str, local: bool) -> None:
    assert host_with(tmp_path, cache, docker).caches[0].local is local


def test_an_ipv6_address_is_written_the_canonical_way(tmp_path: Path) -> None:
    [cache] = texts.caches(host_with(tmp_path, "{listen: '[2001:0DB8::1]:5000'}"))
    assert (cache["listen"], cache["url"]) == ("[2001:db8::1]:5000", "http://[2001:db8::1]:5000")


GHCR = "upstream: 'https://ghcr.io'"
REFUSED = [
    (f"{{}}, {{{GHCR}}}", "{}", "caches[1]: cache 'ghcr.io' must say where it listens", "`listen: 172.17.0.1:5001`"),
    (f"{{}}, {{{GHCR}, listen: '172.17.0.1:5000'}}", "{}", "caches[1].listen: cache 'dockerhub' listens on this", "port"),
    (f"{{listen: '192.0.2.1:5000'}}, {{{GHCR}, listen: '0.0.0.0:5000', url: 'http://c.example.com'}}", "{}",
     "caches[1].listen: cache 'dockerhub' listens on this port already", "port"),
    (f"{{volume: data}}, {{{GHCR}, volume: data, listen: '192.0.2.1:5001'}}", "{}",
     "caches[1].volume: cache 'dockerhub' has this volume already", "volume of its own"),
    ("{upstream: 'https://r.example.com:5000', serves: 'r.example.com:5000'}", "{}",
     "caches[0]: 'r.example.com:5000' cannot be the name of this cache", "give it a name"),
    ("{}", "{bridge: br0}", "caches[0]: cache 'dockerhub' must say where it listens", "`listen: ADDRESS:5000`"),
    ("{}", "{bip: 192.168.200.5}", "docker.bip: must be an IPv4 address with its prefix", "192.168.200.1/24"),
    ("{}", "{default-address-pools: [{base: x, size: 24}]}", "docker.default-address-pools: must be a list", "10.231"),
]  # fmt: skip


@pytest.mark.parametrize(("caches", "docker", "expected", "hint"), REFUSED)
def test_what_cannot_stand_side_by_side_is_refused(
    tmp_path: Path, caches: str, docker: str, expected: str, hint: str
) -> None:
    message, fix = texts.refusal(tmp_path, f"hosts: {{h: {{docker: {docker}, registry: {{caches: [{caches}]}}}}}}")
    assert expected in message
    assert hint in fix


def test_caches_side_by_side(tmp_path: Path) -> None:
    host = host_with(
        tmp_path, f"{{}}, {{{GHCR}, listen: '172.17.0.1:5001'}}, {{name: x, {GHCR}, listen: '192.0.2.1:5000'}}"
    )
    assert [cache.name for cache in host.caches] == ["dockerhub", "ghcr.io", "x"]


def test_a_registry_section_without_caches_and_a_directory(tmp_path: Path) -> None:
    host = texts.hosts(tmp_path, "hosts: {h: {registry: {directory: /srv//hub/}}}")["h"]
    assert [dict(tree) for tree in host.sections.values()] == [{"directory": "/srv/hub", "caches": []}]
