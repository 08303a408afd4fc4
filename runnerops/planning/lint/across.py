"""Rules across the files of one host and the caches of the inventory: mirrors, upstreams, proxies, logins. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Literal, TypeAlias
from urllib.parse import SplitResult

from runnerops.frozen import frozen
from runnerops.model.common import Key, ServiceName, Tree, Value
from runnerops.model.inventory import Cache, Host
from runnerops.model.plan import Finding
from runnerops.planning.lint.known_caches import KnownCaches, url_parts
from runnerops.services.docker.format import PATH as DAEMON_JSON
from runnerops.services.docker.rules.proxied import proxied
from runnerops.services.gitlab_runner.dind import is_dind
from runnerops.services.gitlab_runner.format import PATH as CONFIG_TOML
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.registry.caches import own_caches
from runnerops.services.shared.addresses import is_private
from runnerops.services.shared.dind_flags import MIRROR, SHADOWS, inner_networks, is_in, values_at
from runnerops.services.shared.upstreams import HUB, served

Severity: TypeAlias = Literal["error", "warning", "info"]

_ETHERNET = 1500
_REMOTE, _USERNAME = "REGISTRY_PROXY_REMOTEURL", "REGISTRY_PROXY_USERNAME"
_HELPER = "REGISTRY_PROXY_EXEC_COMMAND"
"""A program that registry 3 asks for the login."""


def lint_across(caches: KnownCaches, host: Host) -> Iterator[Finding]:
    """Runs all rules on one host, with all caches of the inventory."""
    docker = host.sections.get(ServiceName.DOCKER, {})
    for index, url in enumerate(_list(docker.get("registry-mirrors"))):
        parts = url_parts(url)
        key: Key = ("registry-mirrors", index)
        if isinstance(url, str) and parts:
            wrong = [*_mirror(url, caches, host), *_loopback(url, caches, host)][:1]
            for rule, severity, text, fix in (*wrong, *(() if wrong else _certificate(parts, docker))):
                yield Finding(rule, severity, DAEMON_JSON, key, text, fix)
    for rule, severity, key, text, fix in proxied(docker, lambda url, name: _public_cache(url, name, caches, host)):
        yield Finding(rule, severity, DAEMON_JSON, key, text, fix)
    yield from _upstreams(host, caches)
    yield from _elsewhere(host)
    yield from _absent(host, docker)
    yield from _logins(host)
    yield from _mtu(host, docker)
    yield from _inner_mirrors(host, caches)


_Found: TypeAlias = "Iterator[tuple[str, Severity, str, str]]"
"""Rule, severity, message, fix."""


def _mirror(url: str, caches: KnownCaches, host: Host) -> _Found:
    if cache := caches.at(url, host.name):
        if cache.serves not in {HUB, ""}:
            yield "X005", "error", f"is {_holds(cache)}", _pulled(cache)
        return
    for cache, same_port in caches.near(url, host.name):
        if cache.serves in {HUB, ""}:
            wrong_part = "scheme" if same_port else "port"
            text = f"is not a cache: {cache.name} of {cache.host} is {cache.url}, which has another {wrong_part}"
            yield "X011", "error" if same_port else "warning", text, f"write {cache.url}, or leave it out"
            return
        if same_port:
            yield "X005", "error", f"is the address of {cache.url}, {_holds(cache)}", _pulled(cache)
            return


def _loopback(url: str, caches: KnownCaches, host: Host) -> _Found:
    """A mirror on the host itself, where none of the inventory's caches listens: with the port of one elsewhere, or at an
    address at which another host has one for itself.
    """
    if caches.at(url, host.name):
        return
    text = "is this host itself, where no such cache listens"
    if (cache := caches.elsewhere(url)) and cache.serves in {HUB, ""}:
        where = f"{text}: {cache.name} of {cache.host} is {cache.url}"
        yield "X011", "warning", where, f"write {cache.url}, or leave registry-mirrors out"
    elif (cache := caches.of_another_host(url, host.name)) and cache.serves in {HUB, ""}:
        where = f"{text}: {cache.name} of {cache.host} is only for its own host"
        yield (
            "X011",
            "warning",
            where,
            f"give that cache a `listen` address that {host.name} can reach, and write its URL",
        )


def _public_cache(url: str, name: str, caches: KnownCaches, host: Host) -> bool:
    """Whether a mirror is a cache of the inventory. The rules of daemon.json alone find those with a private name."""
    return not is_private(name) and caches.at(url, host.name) is not None


def _holds(cache: Cache) -> str:
    return f"the cache {cache.name} of {cache.host}: it has images of {cache.serves}, and none of Docker Hub"


def _pulled(cache: Cache) -> str:
    return f"take it out: images of {cache.serves} are pulled with the address of the cache in their name"


def _certificate(parts: SplitResult, docker: Tree) -> _Found:
    """An info that says where dockerd looks for the certificate of a private authority."""
    name = parts.hostname or ""
    if parts.scheme == "https" and is_private(name) and not _unverified(name, parts.netloc, docker):
        text = (
            f"if an authority of your own signed its certificate, put that into /etc/docker/certs.d/{parts.netloc}/ca.crt, "
            "or with the containerd image store into /etc/docker/certs.d/docker.io/ca.crt"
        )
        yield "X010", "info", text, "runnerops does not copy certificates to hosts"


def _unverified(name: str, place: str, docker: Tree) -> bool:
    """Whether dockerd accepts any certificate there: on the loopback, or for an insecure registry."""
    entries = [str(item).partition("://")[2] or str(item) for item in _list(docker.get("insecure-registries"))]
    try:
        address = ip_address(name)
        inside = address.is_loopback or any(
            "/" in entry and address in ip_network(entry, strict=False) for entry in entries
        )
    except ValueError:
        inside = name == "localhost"
    return inside or place in entries


def _upstreams(host: Host, caches: KnownCaches) -> Iterator[Finding]:
    """Caches that are their own upstream, directly or by way of others. A cache ends at its start if its upstream is
    not up, so none of them could start first.
    """
    for index, cache in enumerate(own_caches(host)):
        first, circle = (host.name, cache.name), [(host.name, cache.name)]
        upstream = caches.at(cache.upstream, host.name)
        while upstream and (following := (upstream.host, upstream.name)) not in circle:
            circle.append(following)
            upstream = caches.at(upstream.upstream, upstream.host)
        if upstream and (upstream.host, upstream.name) == first:
            text = "is this cache itself" if len(circle) == 1 else f"leads back to it: {_named([*circle, first])}"
            key: Key = ("caches", index, "upstream")
            place = host.location(ServiceName.REGISTRY, key)
            fix = "write the address of the registry that has the images, such as https://registry-1.docker.io"
            yield Finding("X006", "error", ServiceName.REGISTRY.value, key, text, fix, place)


def _named(circle: list[tuple[str, str]]) -> str:
    """The caches by name, with their hosts if these are several."""
    several = len({host for host, _ in circle}) > 1
    return " → ".join(f"{name} of {host}" if several else name for host, name in circle)


def _elsewhere(host: Host) -> Iterator[Finding]:
    """Caches whose own settings replace their `upstream`, on which their name, the mirrors and `verify` are based."""
    for index, cache in enumerate(own_caches(host)):
        proxy = cache.config.get("proxy")
        for path, url in (
            (("config", "proxy", "remoteurl"), proxy.get("remoteurl") if isinstance(proxy, dict) else None),
            (("environment", _REMOTE), cache.environment.get(_REMOTE)),
        ):
            if not isinstance(url, str) or not url or url.rstrip("/") == cache.upstream.rstrip("/"):
                continue
            same = served("", url) == served("", cache.upstream)
            key: Key = ("caches", index, *path)
            text = f"makes the cache ask {url}, but its name and its clients go by its `upstream`, {cache.upstream}"
            place = host.location(ServiceName.REGISTRY, key)
            severity: Severity = "warning" if same else "error"
            yield Finding("X015", severity, ServiceName.REGISTRY.value, key, text, "write it as `upstream`", place)


def _absent(host: Host, docker: Tree) -> Iterator[Finding]:
    """Caches on the usual bridge of a host whose bridge has another network."""
    bip = docker.get("bip")
    if not isinstance(bip, str) or "/" not in bip or is_in(bip.partition("/")[0], _USUAL_BRIDGE):
        return
    for index, cache in enumerate(own_caches(host)):
        if is_in(cache.address, _USUAL_BRIDGE):
            text = f"{cache.address} is no address of docker0 here, because `bip` is {bip}"
            key: Key = ("caches", index, "listen")
            place, fix = host.location(ServiceName.REGISTRY, key), "leave `listen` out, or write an address of the host"
            yield Finding("X016", "warning", ServiceName.REGISTRY.value, key, text, fix, place)


_USUAL_BRIDGE = "172.17.0.0/16"


def _logins(host: Host) -> Iterator[Finding]:
    for index, cache in enumerate(own_caches(host)):
        proxy = cache.config.get("proxy")
        places: tuple[tuple[Key, Value], ...] = (
            (("username",), cache.tree.get("username")),
            (("config", "proxy", "username"), proxy.get("username") if isinstance(proxy, dict) else None),
            (("environment", _USERNAME), cache.environment.get(_USERNAME)),
            (("config", "proxy", "exec"), proxy.get("exec") if isinstance(proxy, dict) else None),
            (("environment", _HELPER), cache.environment.get(_HELPER)),
        )
        paths = [path for path, value in places if value]
        if paths and not cache.local:
            text = (
                f"gives a login for every client that can reach {cache.listen}: "
                f"they can pull everything that this account can pull from {cache.upstream}, also private images"
            )
            key: Key = ("caches", index, *paths[0])
            place = host.location(ServiceName.REGISTRY, key)
            fix = "use an account that can only see public images, or a firewall that admits only your hosts"
            yield Finding("X009", "warning", ServiceName.REGISTRY.value, key, text, fix, place)


def _mtu(host: Host, docker: Tree) -> Iterator[Finding]:
    """The daemon in a job needs the smallest of: the mtu of the host's daemon, and that of networks for single jobs."""
    for service in _dind_services(host):
        limits = {"of this host's daemon": docker.get("mtu"), "of its network (`network_mtu`)": service.network_mtu}
        known = {whose: value for whose, value in limits.items() if isinstance(value, int) and 0 < value < _ETHERNET}
        if not known:
            continue
        whose, mtu = min(known.items(), key=lambda item: item[1])
        lost = "larger packets of its containers are lost"
        mtu_text = next((text for _, text in values_at(service.command, "--mtu")), None)
        if mtu_text is None:
            text = f"does not get the mtu {mtu} {whose}: {lost}"
            yield Finding("X007", "warning", CONFIG_TOML, service.key, text, f'add "--mtu={mtu}" to its command')
        elif mtu_text.isdecimal() and int(mtu_text) > mtu:
            text = f"has mtu {mtu_text}, more than the {mtu} {whose}: {lost}"
            yield Finding("X007", "warning", CONFIG_TOML, (*service.key, "command"), text, f'write "--mtu={mtu}"')


def _inner_mirrors(host: Host, caches: KnownCaches) -> Iterator[Finding]:
    """The Docker daemon in a job asks its mirrors only for images of Docker Hub, like the host's own daemon. Its own
    networks must not have their addresses.
    """
    for service in _dind_services(host):
        mirrors = dict(values_at(service.command, MIRROR))
        for index, url in mirrors.items():
            for rule, severity, text, fix in _mirror(url, caches, host):
                yield Finding(rule, severity, CONFIG_TOML, (*service.key, "command", index), text, fix)
        by_name = {url: cache.address for url in mirrors.values() if (cache := caches.at(url, host.name))}
        for index, network in inner_networks(service.command):
            for url, address in by_name.items():
                if address not in url and is_in(address, network):  # a rule of the file finds addresses
                    key: Key = (*service.key, "command", index)
                    fix = "write a network that nothing else uses"
                    yield Finding("X003", "warning", CONFIG_TOML, key, SHADOWS, fix)


@frozen
class _DindService:
    """A Docker-in-Docker service at `key`. `network_mtu`: of the networks that the runner makes for single jobs."""

    key: Key
    command: Sequence[str]
    network_mtu: Value


def _dind_services(host: Host) -> Iterator[_DindService]:
    """Those of all runners of the host, also in pods."""
    for index, runner in enumerate(runners_of(host.sections.get(ServiceName.GITLAB_RUNNER, {}))):
        for executor in ("docker", "kubernetes"):
            table = runner.get(executor)
            for at, service in enumerate(_list(table.get("services")) if isinstance(table, dict) else ()):
                if isinstance(service, dict) and isinstance(table, dict) and is_dind(service):
                    command = [str(word) for word in _list(service.get("command"))]
                    key: Key = ("runners", index, executor, "services", at)
                    yield _DindService(key, command, table.get("network_mtu"))


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
