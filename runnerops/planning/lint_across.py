"""Rules across the files of a host and the caches of the inventory: mirrors, upstreams, proxies, logins. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from itertools import takewhile
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from runnerops.model.common import Key, ServiceName, Tree, Value
from runnerops.model.inventory import Cache, Host, Inventory
from runnerops.model.plan import Finding
from runnerops.services.docker.format import PATH as DAEMON_JSON
from runnerops.services.gitlab_runner.dind import is_dind
from runnerops.services.gitlab_runner.format import PATH as CONFIG_TOML
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.caches.upstreams import HUB, served
from runnerops.services.shared.no_proxy import bypasses

Severity: TypeAlias = Literal["error", "warning", "info"]

_ETHERNET = 1500
_OURS_ALONE = re.compile(r".*\.(?:lan|local|internal|intranet|home|corp|home\.arpa)|[^.]+")
_PORTS = {"http": 80, "https": 443}
_REMOTE = "REGISTRY_PROXY_REMOTEURL"


def caches_by_url(inventory: Inventory) -> Mapping[str, Cache]:
    """Every cache of the inventory, once for all hosts. A host has its own caches before the others'."""
    return {cache.url.rstrip("/"): cache for host in inventory.hosts for cache in _own(host)}


def _own(host: Host) -> Iterator[Cache]:
    return takewhile(lambda cache: cache.host == host.name, host.caches)


def across(caches: Mapping[str, Cache], host: Host) -> Iterator[Finding]:
    """All rules on one host, beside all caches of the inventory by their URLs."""
    docker = host.sections.get(ServiceName.DOCKER, {})
    for index, url in enumerate(_list(docker.get("registry-mirrors"))):
        parts = _parts(url)
        key: Key = ("registry-mirrors", index)
        if isinstance(url, str) and parts:
            for rule, severity, text, fix in (
                *_mirror(url, parts, caches),
                *_proxied(parts, docker),
                *_certificate(parts),
            ):
                yield Finding(rule, severity, DAEMON_JSON, key, text, fix)
    yield from _upstreams(host, caches)
    yield from _elsewhere(host)
    yield from _logins(host)
    yield from _mtu(host, docker)
    yield from _inner_mirrors(host, caches)


_Said: TypeAlias = "Iterator[tuple[str, Severity, str, str]]"
"""Rule, severity, message, fix."""


def _mirror(url: str, parts: SplitResult, caches: Mapping[str, Cache]) -> _Said:
    cache = caches.get(url.rstrip("/"))
    if cache:
        if cache.serves not in {HUB, ""}:
            text = (
                f"is the cache {cache.name} of {cache.host}: it holds images of {cache.serves}, and none of Docker Hub"
            )
            yield "X005", "error", text, f"take it out: images of {cache.serves} are pulled by the cache's own name"
        return
    beside = [
        (known, one) for known, one in caches.items() if _host(known) == parts.hostname and one.serves in {HUB, ""}
    ]
    for known, other in beside[:1]:
        there = _parts(known)
        same = there is not None and _port(there) == _port(parts)
        text = f"is none of the caches: {other.name} of {other.host} is {known}, with another {'scheme' if same else 'port'}"
        yield "X011", "error" if same else "warning", text, f"write {known}, or leave registry-mirrors out"


def _proxied(parts: SplitResult, docker: Tree) -> _Said:
    proxies = docker.get("proxies")
    given = proxies if isinstance(proxies, dict) else {}
    past = str(given.get("no-proxy") or "")
    if given.get(f"{parts.scheme}-proxy") and not bypasses(past, parts.hostname or "", _port(parts)):
        text = f"is asked through the proxy: `proxies.no-proxy` does not name {parts.hostname}"
        yield "X008", "warning", text, f"add {parts.hostname} to proxies.no-proxy"


def _certificate(parts: SplitResult) -> _Said:
    """Where dockerd looks for the certificate of an authority that only this network knows."""
    if parts.scheme == "https" and _is_private(parts.hostname or ""):
        text = (
            f"if its certificate is of an authority of your own, that lies in /etc/docker/certs.d/{parts.netloc}/ca.crt, "
            "and with the containerd image store in /etc/docker/certs.d/docker.io/ca.crt"
        )
        yield "X010", "info", text, "runnerops does not bring certificates to hosts"


def _is_private(name: str) -> bool:
    try:
        return ip_address(name).is_private
    except ValueError:
        return _OURS_ALONE.fullmatch(name) is not None


def _upstreams(host: Host, caches: Mapping[str, Cache]) -> Iterator[Finding]:
    """A cache that asks itself, alone or by way of others, ends at its start, and none of them comes up first."""
    for index, own in enumerate(own_caches(host)):
        way, url = [own.name], own.upstream.rstrip("/")
        first = next((one for one in host.caches if one.host == host.name and one.name == own.name), None)
        while first and (upstream := caches.get(url)) and len(way) <= len(caches):
            if (upstream.host, upstream.name) == (first.host, first.name):
                text = "is this cache itself" if len(way) == 1 else f"leads back to it: {' → '.join((*way, own.name))}"
                key: Key = ("caches", index, "upstream")
                place = host.location(ServiceName.REGISTRY, key)
                fix = "write the registry that has the images, such as https://registry-1.docker.io"
                yield Finding("X006", "error", ServiceName.REGISTRY.value, key, text, fix, place)
                break
            way.append(upstream.name)
            url = upstream.upstream.rstrip("/")


def _elsewhere(host: Host) -> Iterator[Finding]:
    """A cache whose own settings win over its `upstream`, of which its name, the mirrors and `verify` are."""
    for index, own in enumerate(own_caches(host)):
        proxy = own.config.get("proxy")
        for path, url in (
            (("config", "proxy", "remoteurl"), proxy.get("remoteurl") if isinstance(proxy, dict) else None),
            (("environment", _REMOTE), own.environment.get(_REMOTE)),
        ):
            if not isinstance(url, str) or not url or url.rstrip("/") == own.upstream.rstrip("/"):
                continue
            same = served("", url) == served("", own.upstream)
            key: Key = ("caches", index, *path)
            text = f"makes the cache ask {url}, and its upstream is {own.upstream}: what it serves is told by that"
            place = host.location(ServiceName.REGISTRY, key)
            severity: Severity = "warning" if same else "error"
            yield Finding("X015", severity, ServiceName.REGISTRY.value, key, text, "write it as `upstream`", place)


def _logins(host: Host) -> Iterator[Finding]:
    for index, cache in enumerate(own_caches(host)):
        if cache.tree.get("username") and not cache.local:
            text = (
                f"is used for everybody who reaches {cache.listen}: "
                f"they can pull whatever its account can at {cache.upstream}, private images too"
            )
            key: Key = ("caches", index, "username")
            place = host.location(ServiceName.REGISTRY, key)
            fix = "take an account that sees public images only, or let a firewall admit your hosts alone"
            yield Finding("X009", "warning", ServiceName.REGISTRY.value, key, text, fix, place)


def _mtu(host: Host, docker: Tree) -> Iterator[Finding]:
    mtu = docker.get("mtu")
    if not isinstance(mtu, int) or not 0 < mtu < _ETHERNET:
        return
    for key, command in _dind_commands(host):
        if "mtu" not in " ".join(command):
            text = (
                f"does not get the mtu {mtu} of this host's daemon: what its containers send in larger packets is lost"
            )
            yield Finding("X007", "warning", CONFIG_TOML, key, text, f'add "--mtu={mtu}" to its command')


def _inner_mirrors(host: Host, caches: Mapping[str, Cache]) -> Iterator[Finding]:
    """The daemon inside asks its mirrors for images of Docker Hub only, as the host's own does."""
    for key, command in _dind_commands(host):
        for index, word in enumerate(command):
            cache = caches.get(word.removeprefix("--registry-mirror=").rstrip("/"))
            if word.startswith("--registry-mirror=") and cache and cache.serves not in {HUB, ""}:
                text = f"is the cache {cache.name} of {cache.host}: it holds images of {cache.serves}, and none of Docker Hub"
                fix = f"take it out: images of {cache.serves} are pulled by the cache's own name"
                yield Finding("X005", "error", CONFIG_TOML, (*key, "command", index), text, fix)


def _dind_commands(host: Host) -> Iterator[tuple[Key, list[str]]]:
    """Place and command of every Docker-in-Docker service of the host's runners."""
    for index, runner in enumerate(runners_of(host.sections.get(ServiceName.GITLAB_RUNNER, {}))):
        table = runner.get("docker")
        for at, service in enumerate(_list(table.get("services")) if isinstance(table, dict) else ()):
            if isinstance(service, dict) and is_dind(service):
                yield ("runners", index, "docker", "services", at), [str(one) for one in _list(service.get("command"))]


def _parts(url: Value) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts if parts and parts.hostname and parts.scheme in _PORTS and parts.port != 0 else None
    except ValueError:
        return None


def _host(url: str) -> str | None:
    parts = _parts(url)
    return parts.hostname if parts else None


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
