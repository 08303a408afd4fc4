"""What an address is, the host of a URL, and whether a name or an address belongs to a network of one's own. Pure."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from runnerops.patterns import late_pattern

_NAMES = late_pattern(r".*\.(?:lan|local|internal|intranet|home|corp|home\.arpa)|[^.]+")
"""Endings that no public name has, and names without a dot."""


def is_address(text: str) -> bool:
    """Whether this is an IP address, of either version, without brackets. IPv6 may have a zone."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)  # each host asks for the caches of all hosts
def host_of(url: str) -> str:
    """The host of a URL; empty if it has none, or is no URL, which the rule on its key reports."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_private(name: str) -> bool:
    """Whether the internet does not lead to a host. `name`: its name in lower case, or address without brackets."""
    try:
        return not ip_address(name).is_global
    except ValueError:
        return _NAMES.fullmatch(name) is not None
