"""Checks a service that has the network of another container, and addresses that Docker gives to a container. Pure.

Source: moby's `runconfig/hostconfig.go`.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, value_at
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSES, items, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.addresses import is_address

_OF_THE_OTHER = ("ports", "expose", "hostname", "dns", "extra_hosts")
"""Keys that such a service leaves to the container whose network it has."""
_MAC = late_pattern(r"(?i)[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}")


def shared_network(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    mode = service.get("network_mode")
    if isinstance(mode, str) and mode.startswith(("service:", "container:")):
        service_name = mode.partition(":")[2]
        for name in _OF_THE_OTHER:
            if service.get(name):
                text = f"cannot be combined with `network_mode: {mode}`: {REFUSES}"
                yield "K002", "error", (*key, name), text, f"write it at {service_name}, whose network this is"
    of_networks = [("networks", name) for name in mapping(service.get("networks"))]
    for where in ((), *of_networks):
        mac = mapping(value_at(service, where)).get("mac_address")
        if isinstance(mac, str) and mac and not open_text(mac) and not _MAC.fullmatch(mac):
            text = f"is not a MAC address: {REFUSES}"
            yield "K002", "error", (*key, *where, "mac_address"), text, "write for example 02:42:ac:11:00:02"
    servers = service.get("dns")
    for index, server in enumerate(items(servers) or [servers]):
        if isinstance(server, str) and server and not open_text(server) and not is_address(server):
            place: Key = (*key, "dns", index) if items(servers) else (*key, "dns")
            yield "K002", "error", place, f"must be an IP address: {REFUSES}", "write the address of the server"
