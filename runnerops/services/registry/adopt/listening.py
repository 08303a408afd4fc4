"""Where a running registry listens, and by which URL its host knows it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from runnerops.frozen import frozen
from runnerops.model.host_state import HostState
from runnerops.services.registry.adopt.running import FoundRegistry

_EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104  compared, not bound


@frozen
class Listening:
    """`address` is `ADDRESS:PORT`, empty if no port is published. `url` is empty if it follows from the address.

    `mirror` is the URL by which the host's own daemon uses it, if it does.
    """

    address: str = ""
    url: str = ""
    mirror: str = ""


def listening(registry: FoundRegistry, observed: HostState, mirrors: Sequence[str]) -> Listening:
    """The published port of the registry; `mirrors` are those of the daemon."""
    host, port = _published(registry)
    if not port:
        return Listening()
    everywhere = host in _EVERYWHERE
    address = f"[{host}]:{port}" if ":" in host and not everywhere else f"{'0.0.0.0' if everywhere else host}:{port}"  # noqa: S104
    mirror = next((url for url in mirrors if _is_here(url, host, port, observed)), "")
    reached = mirror.rstrip("/") or (f"http://{_own_address(observed)}:{port}" if everywhere else "")
    return Listening(address, "" if reached == f"http://{address}" else reached, mirror)


def further_ports(registry: FoundRegistry) -> tuple[str, ...]:
    """Other published ports in Compose's form. The port of the registry itself is 5000 in a cache of runnerops."""
    inner_port = _inner(registry)[1]
    ports = [port for port in registry.ports if (port[1], port[2]) != _published(registry)]
    return tuple(
        f"{f'[{host}]' if ':' in host else host}{':' if host else ''}{outer}:{'5000' if inside == inner_port else inside}"
        for inside, host, outer in ports
    )


def _inner(registry: FoundRegistry) -> tuple[str, str]:
    """The address and the port on which it listens inside the container."""
    bound, _, port = str(registry.environment.get("REGISTRY_HTTP_ADDR") or _addr(registry) or ":5000").rpartition(":")
    return bound.strip("[]"), port


def _published(registry: FoundRegistry) -> tuple[str, str]:
    bound, port = _inner(registry)
    if registry.network == "host":
        return bound, port
    ports = [(host, outer) for inside, host, outer in registry.ports if inside == port] or [
        (host, outer) for _, host, outer in registry.ports
    ]
    return ports[0] if ports else ("", "")


def _addr(registry: FoundRegistry) -> object:
    http = registry.config.get("http")
    return http.get("addr") if isinstance(http, dict) else None


def _is_here(url: str, host: str, port: str, observed: HostState) -> bool:
    """Whether a mirror's URL leads to this listener of this host."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    docker = observed.facts.docker
    addresses = {*observed.facts.addresses, docker.bridge if docker else ""}
    local = name == "localhost" or name.startswith("127.") or name in addresses
    number = str(parts.port or (443 if parts.scheme == "https" else 80))
    return number == port and local and (host in _EVERYWHERE or name in {host, "localhost"})


def _own_address(observed: HostState) -> str:
    """The address by which others know the host: the one of this connection."""
    docker = observed.facts.docker
    server = docker.client.server if docker else ""
    addresses = (ip for ip in observed.facts.addresses if not ip.startswith(("127.", "::1")) and ":" not in ip)
    address = server or next(addresses, "127.0.0.1")
    return f"[{address}]" if ":" in address else address
