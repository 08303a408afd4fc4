"""Checks our URLs and `ADDRESS:PORT`: where a cache gets images, where it listens, and where clients reach it. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from runnerops.inventory.keys.checks import Refused, port

Ip: TypeAlias = "IPv4Address | IPv6Address"

_HUB_PAGES = frozenset({"docker.io", "www.docker.com", "hub.docker.com", "registry.hub.docker.com"})


def upstream(text: str) -> str:
    """The URL from which a cache gets its images."""
    parts = _http(text)
    if (parts.hostname or "") in _HUB_PAGES:
        raise Refused("is not the address of Docker Hub's registry", "write https://registry-1.docker.io")
    if text.endswith("/"):
        raise Refused("ends with `/`", "take the last `/` out: the registry would ask for //v2/")
    return text


def url(text: str) -> str:
    """The URL that a cache's clients use, without a trailing slash. dockerd before 25 refuses one with a path."""
    parts = _http(text)
    if parts.path not in ("", "/"):
        raise Refused("has a path, which a mirror cannot have", "write scheme, host and port only")
    if (address := as_ip(parts.hostname or "")) and address.is_unspecified:
        raise Refused("is a wildcard address, which no client can reach", "write an address of that host")
    return text.rstrip("/")


def gitlab(text: str) -> str:
    """The address of a GitLab, without a trailing slash. It may have a path (GitLab below a relative URL)."""
    _http(text, "a token of its API goes under `token`")
    return text.rstrip("/")


def listen(text: str) -> str:
    """`ADDRESS:PORT` in its canonical form."""
    address_part, number = split_listen(text)
    return join_listen(address_part, number)


def split_listen(text: str) -> tuple[Ip, int]:
    """Address and port of `ADDRESS:PORT`; an IPv6 address is in brackets. Raises Refused."""
    host, colon, digits = text.rpartition(":")
    address = as_ip(host.removeprefix("[").removesuffix("]"))
    if not colon or address is None or not digits.isdecimal() or (address.version == 6) != host.startswith("["):
        raise Refused(f"{text!r} is not ADDRESS:PORT", "for example 192.0.2.10:5000, or [2001:db8::1]:5000")
    return address, port(int(digits))


def join_listen(address_part: Ip, number: int) -> str:
    """The inverse of `split_listen`."""
    return f"[{address_part}]:{number}" if address_part.version == 6 else f"{address_part}:{number}"


def pool(text: str) -> str:
    """The network from which an inner Docker daemon takes its networks, each a /24."""
    try:
        network = IPv4Network(text)
    except ValueError:
        network = None
    if network is None or network.prefixlen > 20:
        raise Refused(f"{text!r} is not an IPv4 network of /20 or larger", "for example 10.231.0.0/16")
    return str(network)


def as_ip(text: str) -> Ip | None:
    """The IP address in `text`, or None for a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _with_scheme(text: str) -> str:
    """What to write for an address whose scheme is missing."""
    if not re.fullmatch(r"[\w.-]+(:\d+)?(/[!-~]*)?", text, re.ASCII):
        return "for example http://192.0.2.10:5000"
    if text.partition("/")[0] in {*_HUB_PAGES, "registry-1.docker.io"}:
        return "write https://registry-1.docker.io"
    return f"write https://{text} (or http://)"


def _http(text: str, login: str = "they go under `username` and `password`") -> SplitResult:
    """`login` says where to write the login that is in the URL."""
    try:
        parts = urlsplit(text)
        hostname = parts.port != 0 and parts.hostname
    except ValueError:
        hostname = None
    if not hostname or parts.scheme not in ("http", "https") or not re.fullmatch(r"[!-~]+", text):
        raise Refused("must be a plain http or https URL", _with_scheme(text))
    if "@" in parts.netloc:
        raise Refused("has a user or password inside the URL", login)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise Refused("has a query or fragment", "write scheme, host and port only")
    return parts
