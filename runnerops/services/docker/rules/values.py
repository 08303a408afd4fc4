"""Values of daemon.json that dockerd refuses, or dies of at its start: words, sizes, addresses, pairs of keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network

from runnerops.model.common import Key, Tree, Value
from runnerops.services.docker.observe.listening import metrics
from runnerops.services.docker.rules.log_drivers import EVERYWHERE, LOG_DRIVERS, REMOVED
from runnerops.services.docker.rules.sizes import sizes
from runnerops.services.docker.rules.start import since, start_rules
from runnerops.services.docker.schema import Version
from runnerops.services.docker.schema.nested import Found

_START = "dockerd does not start"
_DOMAIN = re.compile(
    r"\.?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_STOCK_RUNTIMES = ("runc", "io.containerd.runc.v2")
_STORAGE_DRIVERS = {
    **dict.fromkeys(("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs"), ""),
    **dict.fromkeys(("overlayfs", "native", "stargz", "nydus", "soci", "erofs", "blockfile"), ""),
    "aufs": "24.0",
    "overlay": "25.0",
    "devicemapper": "25.0",
}
"""Graph drivers and containerd's snapshotters, with the release that took one out."""

_WORDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "log-format": (("text", "json"), "D014"),
    "default-ipc-mode": (("private", "shareable"), "D014"),
    "default-cgroupns-mode": (("host", "private"), "D014"),
    "firewall-backend": (("iptables", "nftables"), "D014"),
}
_LEVELS = ("panic", "fatal", "error", "warn", "info", "debug", "trace")
_NOT_NEGATIVE = (
    "mtu",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "default-stop-timeout",
    "network-diagnostic-port",
)


def values(tree: Tree, version: Version | None) -> Found:
    """Every rule on values. What depends on a version that is not known is a warning."""
    for rule in (_words, _numbers, metrics, _addresses, _names, _runtimes, _pairs, _registries):
        yield from rule(tree)
    for timely in (_levels, _logging, _storage, sizes):
        yield from timely(tree, version)
    yield from start_rules(tree, version)


def _words(tree: Tree) -> Found:
    for name, (known, rule) in _WORDS.items():
        value = tree.get(name)
        if isinstance(value, str) and value and value not in known:
            yield rule, "error", (name,), f"must be one of {', '.join(known)}", _START


def _levels(tree: Tree, version: Version | None) -> Found:
    level = tree.get("log-level")
    if not isinstance(level, str) or not level or level.lower() in _LEVELS:
        return
    if level.lower() != "warning":
        yield "D014", "error", ("log-level",), f"must be one of {', '.join(_LEVELS)}", _START
    elif severity := since("25.0", version):
        yield "D014", severity, ("log-level",), "dockerd refuses `warning` since 25.0", "write warn"


def _numbers(tree: Tree) -> Found:
    for name in _NOT_NEGATIVE:
        value = tree.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            yield "D015", "error", (name,), "must not be negative", _START


def _addresses(tree: Tree) -> Found:
    for name in ("ip", "default-gateway", "default-gateway-v6", "host-gateway-ip"):
        value = tree.get(name)
        if isinstance(value, str) and value and not _is(ip_address, value):
            yield "D016", "error", (name,), "must be an IP address", "dockerd refuses the whole file"
    for name in ("fixed-cidr", "fixed-cidr-v6"):
        value = tree.get(name)
        if isinstance(value, str) and value and not _is(_network, value):
            yield "D016", "error", (name,), "must be a network, such as 192.168.200.0/25", _START
        elif (
            name == "fixed-cidr-v6"
            and isinstance(value, str)
            and value
            and ip_network(value, strict=False).is_multicast
        ):
            yield "D016", "error", (name,), "must not be a multicast network", _START


def _network(text: str) -> object:
    if "/" not in text:
        raise ValueError
    return ip_network(text, strict=False)


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _names(tree: Tree) -> Found:
    for index, value in _strings(tree, "dns-search"):
        if value.strip(" ") != "." and not _DOMAIN.fullmatch(value.strip(" ")):
            yield "D017", "error", ("dns-search", index), "must be a domain", _START
    for index, value in _strings(tree, "labels"):
        if "=" not in value or value.startswith("="):
            yield "D017", "error", ("labels", index), "must be NAME=VALUE", _START
    for index, value in _strings(tree, "exec-opts"):
        yield from _exec_opt(value, ("exec-opts", index))


def _exec_opt(text: str, key: Key) -> Found:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        yield "D017", "error", key, "must be NAME=VALUE", "for example native.cgroupdriver=systemd"
    elif name.lower() != "native.cgroupdriver":
        yield "D017", "error", key, f"unknown option {name!r}", "dockerd knows native.cgroupdriver"
    elif value not in {"systemd", "cgroupfs"}:
        yield "D017", "error", key, "must be systemd or cgroupfs", _START


def _strings(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    value = tree.get(name)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _logging(tree: Tree, version: Version | None) -> Found:
    driver, options = tree.get("log-driver", "json-file"), tree.get("log-opts")
    if not isinstance(driver, str) or not driver or ":" in driver or "/" in driver:
        return
    if driver not in LOG_DRIVERS:
        yield from _no_driver(driver, ends=_START if options else "no container would start")
        return
    if driver in REMOVED and (severity := since(REMOVED[driver], version)):
        yield (
            "D018",
            severity,
            ("log-driver",),
            f"dockerd has no driver {driver!r} since {REMOVED[driver]}",
            "take another",
        )
    if isinstance(options, dict) and driver != "none":
        yield from _log_options(driver, options)


def _no_driver(driver: str, ends: str) -> Found:
    """Not built in. A plugin may have been installed by any alias, so only a slip of a built-in name is surely wrong.

    dockerd looks for it at its start where it has options, else with the first container.
    """
    known = [name for name in LOG_DRIVERS if name not in REMOVED]
    near = get_close_matches(driver, known, 1, 0.65) or [name for name in known if name.startswith(f"{driver}-")]
    if near:
        text = f"there is no log driver {driver!r}, did you mean '{near[0]}'?"
        yield "D018", "error", ("log-driver",), f"{text} {ends[0].upper()}{ends[1:]}", f"write {near[0]}"
    else:
        text = f"{driver!r} is not built in: without a plugin of this name, {ends}"
        yield "D018", "warning", ("log-driver",), text, f"install the plugin, or take one of {', '.join(known)}"


def _log_options(driver: str, options: Tree) -> Found:
    known = LOG_DRIVERS[driver]
    for name in options:
        if known is not None and name not in known | EVERYWHERE:
            others = [one for one, names in LOG_DRIVERS.items() if names and name in names]
            hint = f", it is one of {', '.join(others)}" if others else ""
            yield "D019", "error", ("log-opts", name), f"{driver} does not take this option{hint}", _START
    mode = options.get("mode")
    if isinstance(mode, str) and mode not in {"", "blocking", "non-blocking"}:
        yield "D019", "error", ("log-opts", "mode"), "must be blocking or non-blocking", _START
    if "max-buffer-size" in options and mode != "non-blocking":
        yield "D019", "error", ("log-opts", "max-buffer-size"), "needs mode: non-blocking beside it", _START
    if driver not in {"json-file", "local"}:
        return
    size, count, compress = (options.get(name) for name in ("max-size", "max-file", "compress"))
    if isinstance(count, str) and not (count.strip().isdecimal() and int(count) > 0):
        yield (
            "D019",
            "error",
            ("log-opts", "max-file"),
            'must be a whole number from "1" on',
            "no container would start",
        )
    if driver == "json-file" and compress in ("true", "1") and (size in (None, "-1") or count in (None, "1")):
        fix = 'add "max-size" and a "max-file" of 2 or more; without them no container starts'
        yield "D019", "error", ("log-opts", "compress"), "needs max-size and a max-file of 2 or more", fix


def _storage(tree: Tree, version: Version | None) -> Found:
    driver = tree.get("storage-driver")
    features = tree.get("features")
    if (
        not isinstance(driver, str)
        or not driver
        or (isinstance(features, dict) and features.get("containerd-snapshotter"))
    ):
        return
    if driver not in _STORAGE_DRIVERS and driver != "windowsfilter":
        fix = f"the drivers are {', '.join(name for name, gone in _STORAGE_DRIVERS.items() if not gone)}"
        yield "D020", "error", ("storage-driver",), f"there is no storage driver {driver!r}: {_START}", fix
    elif (gone := _STORAGE_DRIVERS.get(driver)) and (severity := since(gone, version)):
        yield (
            "D020",
            severity,
            ("storage-driver",),
            f"dockerd has no {driver} since {gone}: {_START}",
            "overlay2 is its successor",
        )


def _runtimes(tree: Tree) -> Found:
    runtimes = tree.get("runtimes")
    known = runtimes if isinstance(runtimes, dict) else {}
    for name, runtime in known.items():
        if name == "runc":
            yield "D021", "error", ("runtimes", name), "the name runc is dockerd's own", _START
        elif isinstance(runtime, dict) and not _named(runtime, "path") and not _named(runtime, "runtimetype"):
            yield "D021", "error", ("runtimes", name), "has neither path nor runtimeType", _START
    default = tree.get("default-runtime")
    if isinstance(default, str) and default and default not in {*known, *_STOCK_RUNTIMES} and default[0] not in "/":
        if default.startswith("io.containerd."):
            return
        fix = f"add it under runtimes: {{{default}: {{path: …}}}}"
        yield "D021", "error", ("default-runtime",), f"there is no runtime {default!r}: {_START}", fix


def _named(runtime: Mapping[str, Value], name: str) -> bool:
    return any(key.lower() == name and value for key, value in runtime.items())


def _pairs(tree: Tree) -> Found:
    """What dockerd refuses together, at its start only."""
    if tree.get("bridge") not in (None, ""):
        for name in ("bip", "bip6"):
            if tree.get(name):
                yield "D022", "error", (name,), "cannot stand beside `bridge`", f"{_START}; take one of them out"
    if tree.get("icc") is False and tree.get("iptables") is False:
        yield (
            "D022",
            "error",
            ("icc",),
            "cannot be false where iptables is false too",
            f"{_START}; it works by iptables",
        )
    if tree.get("host-gateway-ip") is not None and tree.get("host-gateway-ips") is not None:
        yield "D022", "error", ("host-gateway-ip",), "cannot stand beside host-gateway-ips", "take one of them out"
    if tree.get("tlsverify") is True and not (tree.get("tlscert") and tree.get("tlskey")):
        yield "D022", "error", ("tlsverify",), "needs tlscert and tlskey", _START
    elif tree.get("tls") is True and not (tree.get("tlscert") and tree.get("tlskey")):
        yield (
            "D022",
            "warning",
            ("tls",),
            "has no tlscert and tlskey beside it",
            "dockerd looks for them in its default place",
        )


def _registries(tree: Tree) -> Found:
    for index, value in _strings(tree, "insecure-registries"):
        text = re.sub(r"^https?://", "", value, flags=re.IGNORECASE)
        if "/" in text and _is(lambda one: ip_network(one, strict=False), text):
            continue
        host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
        if colon and ((not port.isdecimal()) or int(port) > 65535 or not host):
            yield "D023", "error", ("insecure-registries", index), "must be HOST, HOST:PORT or a network", _START
