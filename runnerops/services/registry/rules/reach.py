"""Finds a cache of the inventory whose configuration moves it away from the port that its Compose file publishes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import environment, items, mapping, mounts
from runnerops.services.registry.rules.found import Found, tree_at

_HTTP = ("addr", "net", "prefix", "tls.certificate", "host")
_LOOPBACK = late_pattern(r"localhost|127(\.\d+){3}|\[?::1\]?")
_PROBED = "the deploy would wait until its time limit and then roll back"


def reach_rules(config: Tree, service: Tree) -> Found:
    """Runs all rules on one cache. `service`: that of the cache in the Compose file, whose variables override the config."""
    if service.get("network_mode") or not service.get("ports"):
        return
    settings = _settings(config, service)
    if settings["net"] == "unix":
        yield "C018", "error", ("http", "net"), f"is a socket, but clients need a port: {_PROBED}", "take it out"
    else:
        yield from _address(str(settings["addr"] or ""), _ports(service))
    if str(settings["prefix"] or "/").strip("/"):
        yield (
            "C018",
            "error",
            ("http", "prefix"),
            f"moves /v2/ to a path that no client asks for: {_PROBED}",
            "take it out",
        )
    if settings["tls.certificate"] or tree_at(config, "http", "tls", "letsencrypt").get("cachefile"):
        text = f"serves https, but clients are told to use http: {_PROBED}"
        yield "C018", "error", ("http", "tls"), text, "use a proxy in front of it for https"
    if "://" in str(settings["host"] or "") and not tree_at(config, "http").get("relativeurls"):
        text = "is the address that the registry puts into its answers, whatever address a client used"
        yield "C018", "warning", ("http", "host"), text, "take it out"
    yield from _storage(config, service)


def _settings(config: Tree, service: Tree) -> Mapping[str, Value]:
    names = {name: value for _, name, value in environment(service)}
    settings: dict[str, Value] = {}
    for name in _HTTP:
        *tables, last = name.split(".")
        variable = f"REGISTRY_HTTP_{name.replace('.', '_').upper()}"
        settings[name] = names.get(variable) or tree_at(config, "http", *tables).get(last)
    return settings


def _ports(service: Tree) -> frozenset[str]:
    """Returns the published ports of the container; none if one of them is not written in plain numbers."""
    published: set[str] = set()
    for port in items(service.get("ports")):
        text = str(mapping(port).get("target") if isinstance(port, dict) else port).partition("/")[0].rpartition(":")[2]
        if not text.isdecimal():
            return frozenset()
        published.add(text)
    return frozenset(published)


def _address(address: str, ports: frozenset[str]) -> Found:
    key: Key = ("http", "addr")
    host, colon, port = address.rpartition(":")
    if not colon or not ports:  # an address that is none is told elsewhere
        return
    if _LOOPBACK.fullmatch(host):
        yield "C018", "error", key, f"can only be reached from inside its container: {_PROBED}", f"write :{port}"
    elif port.isdecimal() and port not in ports:
        text = f"is not the port that the Compose file publishes, {' or '.join(sorted(ports))}: {_PROBED}"
        yield "C018", "error", key, text, f"write :{min(ports)}"


def _storage(config: Tree, service: Tree) -> Found:
    filesystem = tree_at(config, "storage").get("filesystem")
    names = {name: value for _, name, value in environment(service)}
    root = names.get("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY") or mapping(filesystem).get("rootdirectory")
    if "inmemory" in tree_at(config, "storage"):
        yield (
            "C018",
            "warning",
            ("storage", "inmemory"),
            "loses its content with its container",
            "write filesystem",
        )
    elif isinstance(root, str) and not any(
        f"{root.rstrip('/')}/".startswith(f"{to.rstrip('/')}/") for *_, to in mounts(service)
    ):
        text = "is not in a volume: the content of the cache is lost with its container"
        yield "C018", "warning", ("storage", "filesystem", "rootdirectory"), text, "write /var/lib/registry"
