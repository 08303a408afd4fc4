"""Checks the ports of one Compose service, in the short and the long syntax. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSED, REFUSES, items, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.addresses import is_address

_EXPOSED = late_pattern(r"\d+(?:-\d+)?(?:/\w+)?")
_BOTH = late_pattern(r"([0-9-]+)/\w+:([0-9-]+)(/\w+|)")


def ports(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    yield from _ports(service, key)
    yield from _expose(service, key)


def _ports(service: Tree, key: Key) -> Found:
    for index, port in enumerate(items(service.get("ports"))):
        place = (*key, "ports", index)
        if isinstance(port, dict):
            address = port.get("host_ip")
            if isinstance(address, str) and "$" not in address and not is_address(address):
                text = f"must be an IP address: {REFUSED}"
                yield "K002", "error", (*place, "host_ip"), text, "write an address such as 127.0.0.1"
            if "target" not in port:
                text = f"has no target, which is the port of the container: {REFUSED}"
                yield "K002", "error", place, text, "add for example target: 80"
            yield from _long_port(port, place)
        elif isinstance(port, str | int | float) and not open_text(port):
            yield from _port(str(port).replace("$$", "$"), place)


def _long_port(port: Tree, place: Key) -> Found:
    """Checks what Compose passes to Docker unchanged."""
    target, published, protocol = port.get("target"), port.get("published"), port.get("protocol")
    if isinstance(target, int) and target > 65535:
        yield "K002", "error", (*place, "target"), f"must be a port from 1 to 65535: {REFUSES}", ""
    if isinstance(published, str | int) and published != "" and not open_text(published):
        low, dash, high = str(published).partition("-")
        if _range(str(published)) is None or (dash and not (low and high)):
            text = f"must be a port, or a range of them: {REFUSES}"
            yield "K002", "error", (*place, "published"), text, "write for example 8080 or 8080-8090"
    if isinstance(protocol, str) and not open_text(protocol) and protocol.lower() not in {"", "tcp", "udp", "sctp"}:
        text = f"must be tcp, udp or sctp: {REFUSES}"
        yield "K002", "error", (*place, "protocol"), text, near_fix(protocol, ("tcp", "udp", "sctp"))


def _port(text: str, place: Key) -> Found:
    if match := _BOTH.fullmatch(text):
        reason = f"has a protocol before its end, where alone it may stand: {REFUSED}"
        yield "K002", "error", place, reason, f"write {match[1]}:{match[2]}{match[3]}"
    elif text.endswith((":tcp", ":udp", ":sctp")):
        rest, _, protocol = text.rpartition(":")
        reason = f"has a colon before its protocol: {REFUSED}"
        yield "K002", "error", place, reason, f"write {rest}/{protocol}"
    elif problem := _problem(text):
        yield "K002", "error", place, f"{problem}: {REFUSED}", "write HOST:CONTAINER, for example 8080:80"
    elif text.count(":") > 2 and not text.startswith("["):  # go-connections takes it from 0.5.0 on
        problem = "has an IPv6 address without brackets, which some builds of Compose refuse"
        yield "K002", "warning", place, problem, "write [ADDRESS]:HOST:CONTAINER"


def _problem(text: str) -> str:
    """Returns why a text is not `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`; empty if it is. Source: docker/go-connections."""
    ports, slash, protocol = text.partition("/")
    if slash and protocol.lower() not in {"", "tcp", "udp", "sctp"}:
        return "has a protocol other than tcp, udp and sctp"
    *rest, inner = ports.split(":")
    outer = rest.pop() if rest else ""
    address = ":".join(rest)
    if address and not is_address(address.removeprefix("[").removesuffix("]")):
        return "has an invalid address"
    if not inner or (inner.isdecimal() and int(inner) == 0):
        return "has no port of the container"
    inner_range, outer_range = _range(inner), _range(outer) if outer else None
    if inner_range is None or (outer and outer_range is None):
        return "must have ports from 0 to 65535"
    different = (
        outer_range
        and inner_range[0] != inner_range[1]
        and outer_range[1] - outer_range[0] != inner_range[1] - inner_range[0]
    )
    return "has ranges of different lengths" if different else ""


def _range(text: str) -> tuple[int, int] | None:
    first, dash, last = text.partition("-")
    if not re.fullmatch(r"[0-9]+", first) or (dash and not re.fullmatch(r"[0-9]+", last)):
        return None
    low, high = int(first), int(last or first)
    return (low, high) if low <= high <= 65535 else None


def shared_ports(services: Mapping[str, Tree]) -> Found:
    """Finds two services that publish one port. Docker starts only the first of them."""
    by_port: dict[tuple[str, str], list[tuple[str, str, Value]]] = {}
    for name, service in services.items():
        if service.get("profiles") or service.get("network_mode") == "host" or _replicas(service) == 0:
            continue
        for index, port in enumerate(items(service.get("ports"))):
            if not (place := _published(port)):
                continue
            address, published, protocol = place
            before = by_port.setdefault((published, protocol), [])
            if (name, address, port) in before:  # Compose takes two alike as one
                continue
            if publisher := next((who for who, where, _ in before if _overlap(address, where)), ""):
                text = f"publishes port {published}, as services.{publisher} does: Docker starts only one of the two"
                key: Key = ("services", name, "ports", index)
                yield "K016", "warning", key, text, "publish another port, or bind each to an address of its own"
            before.append((name, address, port))


def _replicas(service: Tree) -> object:
    return service.get("scale", mapping(service.get("deploy")).get("replicas"))


def _published(port: object) -> tuple[str, str, str] | None:
    """Address, port and protocol on the host; None for a range, a variable, or a port that Docker chooses."""
    if isinstance(port, dict):
        published, protocol = str(port.get("published") or ""), str(port.get("protocol") or "tcp")
        return (str(port.get("host_ip") or ""), published, protocol) if published.isdecimal() else None
    ports, _, protocol = str(port).partition("/")
    *rest, _ = ports.split(":")
    return (":".join(rest[:-1]), rest[-1], protocol or "tcp") if rest and rest[-1].isdecimal() else None


def _overlap(address: str, other_address: str) -> bool:
    every = {"", "0.0.0.0", "::", "[::]"}  # noqa: S104  these are what is looked for
    mixed = bool(address) and bool(other_address) and (":" in address) is not (":" in other_address)
    return address == other_address or (not mixed and not every.isdisjoint((address, other_address)))


def _expose(service: Tree, key: Key) -> Found:
    for index, port in enumerate(items(service.get("expose"))):
        if isinstance(port, float):
            text = f"must be a port, or a range of them: {REFUSED}"
            yield "K002", "error", (*key, "expose", index), text, "write for example 8080 or 8080-8090"
        elif isinstance(port, str) and not open_text(port) and not _EXPOSED.fullmatch(port) and ":" not in port:
            text = "must be a port, or a range of them, which newer releases of Compose refuse otherwise"
            yield "K002", "warning", (*key, "expose", index), text, "write for example 8080 or 8080-8090"
        elif isinstance(port, str) and ":" in port and not open_text(port):
            text = "names a port of the host too, which Docker refuses since 29"
            yield "K002", "warning", (*key, "expose", index), text, f"write {port.rpartition(':')[2]}, or use ports"
