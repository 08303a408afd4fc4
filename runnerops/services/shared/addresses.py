"""What an address is, and whether a name or an address belongs to a network of one's own. Pure."""

from __future__ import annotations

from ipaddress import ip_address

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


def is_private(name: str) -> bool:
    """Whether the internet does not lead to a host. `name`: its name in lower case, or address without brackets."""
    try:
        return not ip_address(name).is_global
    except ValueError:
        return _NAMES.fullmatch(name) is not None
