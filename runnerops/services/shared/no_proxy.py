"""Whether a host is reached without the proxy, by the rules of `no-proxy` in Go's programs. Pure.

Source: golang.org/x/net/http/httpproxy, which dockerd and the registry use.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from runnerops.services.shared.addresses import is_address


def bypasses(no_proxy: str, host: str, port: int) -> bool:
    """Whether requests to this host and port bypass the proxy. `host` is a name, or an address without brackets."""
    host = host.lower().rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_matches(entry, host, port) for entry in entries if entry)


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        if int(number) != port:
            return False
        entry = name
    entry = entry.removeprefix("*")
    return host == entry.lstrip(".") if is_address(entry.strip("[]")) else _under(entry, host)


def _under(entry: str, host: str) -> bool:
    if entry.startswith("."):
        return host.endswith(entry)
    return host == entry or host.endswith(f".{entry}")
